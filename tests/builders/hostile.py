"""A model whose every free text is an attack on whoever shows it in a browser, with a real history.

Its columns, categories, owner, reasons and comments are markup and links that would open a dialog
or call Airflow's API if a page let them run; its deliveries and decisions are made by the suite.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from drivers.history import label, take
from drivers.runs import TrainingRun, training_run
from drivers.tiny import FIRST, WEEK, Upstream, make_rows, write_spec
from evergreen.landing.deliver import deliver_batch, deliver_labels
from evergreen.ledger.records import Decision
from evergreen.records import QualityResult, RuleResult, Window
from evergreen.workflows.decide.score import score_and_log
from evergreen.workflows.model_context import ModelContext

NAME = "hostile"
STEAL = "fetch('/api/v2/dags',{method:'POST'});alert(1)"
IMAGE = f'<img src=x onerror="{STEAL}">'
SCRIPT = f"</script><script>{STEAL}</script>"
LINK = f"javascript:{STEAL}"
MARKDOWN = f"[press here]({LINK})"
PAYLOADS = (IMAGE, SCRIPT, LINK, MARKDOWN)
COLUMNS = {"temp": IMAGE, "place": SCRIPT}
CATEGORIES = {"EWR": SCRIPT, "JFK": LINK}


def write_hostile_spec(models_dir: Path) -> Path:
    """Write the spec; its column names and texts are the payloads. Gives its folder."""
    folder = write_spec(models_dir, name=NAME)
    file = folder / "model.yaml"
    text = file.read_text().replace("owner: tests", f"owner: {_quoted(IMAGE[:100])}")
    text = text.replace("share_to_retrain: 1.0", "share_to_retrain: 0.4, report: always")
    for plain, name in COLUMNS.items():
        feature = f"name: {plain}, kind"
        assert feature in text
        text = text.replace(feature, f"name: {_quoted(name)}, description: {_quoted(LINK)}, kind")
    file.write_text(f"{text}description: {_quoted(SCRIPT)}\n")
    return folder


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class HostileUpstream(Upstream):
    """Delivers the rows of the small model under hostile names, with hostile categories."""

    def deliver(self, week: int, kind: str = "data", **how: Any) -> str:
        n_weeks, shift = how.get("n_weeks", 1), how.get("shift", 0.0)
        start = FIRST + week * WEEK
        window = Window(start=start, end=start + n_weeks * WEEK)
        rows = dressed(make_rows(week, 400 * n_weeks, window), shift)
        if kind == "labels":
            deliver_labels(self.labels, self.loaded.spec, rows, window, f"{start:%Y-%m-%d}")
        else:
            deliver_batch(self.landing, self.loaded.spec, rows, window, f"{start:%Y-%m-%d}")
        return f"{start:%Y-%m-%d}"


def dressed(rows: pd.DataFrame, shift: float) -> pd.DataFrame:
    """Return the rows with hostile column names and categories; temperatures are shifted."""
    rows["temp"] += shift
    rows["place"] = rows["place"].map(CATEGORIES)
    return rows.rename(columns=COLUMNS)


def play_hostile_history(context: ModelContext, upstream: HostileUpstream) -> TrainingRun:
    """Let the model bootstrap, drift and be asked for a retrain; give the last run."""
    take(context, upstream.deliver(0, n_weeks=5))
    label(context, upstream, 0, n_weeks=5)
    first = take(context, upstream.deliver(5))
    assert training_run(NAME, first).play() is not None
    score_and_log(context, first)
    label(context, upstream, 5)
    batch = take(context, upstream.deliver(6, shift=3.0), result=judged())
    run = training_run(NAME, None, user=IMAGE, conf=asked_with_malice(batch))
    assert run.play() is not None, run.errors
    return run


def judged() -> QualityResult:
    """Return what the gate says of data that carries payloads."""
    rules = tuple(
        RuleResult(rule=payload, column=column, is_met=False, sentence=f"saw {payload}")
        for payload, column in zip(PAYLOADS, (*COLUMNS.values(), LINK, MARKDOWN), strict=True)
    )
    return QualityResult(verdict="accepted", rules=rules, sentence=f"seen {SCRIPT} and {IMAGE}")


def asked_with_malice(batch: str) -> dict[str, Any]:
    """Return the conf of a run whose reason is all payloads."""
    return {"batch": batch, "force_retrain": True, "reason": " ".join(PAYLOADS)[:500]}


REPORT = """<!doctype html><title>report</title><ul id="tries"></ul><script>
const tries = {
  "page around": () => { if (parent === window) throw Error("none"); parent.document.title; },
  "page on top": () => { if (top === window) throw Error("none"); top.document.title; },
  "cookie": () => document.cookie,
  "storage": () => localStorage.length,
  "api": () => fetch("/api/v2/dags", {credentials: "include"}),
  "actions": () => fetch("/evergreen/actions/models/tiny/hold", {method: "POST", body: "reason=x"}),
  "beacon": () => new Promise((good, bad) => {
    const picture = new Image();
    picture.onload = good;
    picture.onerror = bad;
    picture.src = "/api/v2/dags?" + Math.random();
  }),
  "window": () => { const one = open("/api/v2/dags"); if (!one) throw Error("none"); },
  "frame": () => new Promise((good, bad) => {
    const frame = document.createElement("iframe");
    frame.src = "/evergreen/models";
    document.body.append(frame);
    setTimeout(() => { try { good(frame.contentDocument.title); } catch (e) { bad(e); } }, 1000);
  }),
};
for (const [name, attempt] of Object.entries(tries)) {
  (async () => attempt())().then(() => "done", () => "refused").then(what => {
    document.getElementById("tries").append(
      Object.assign(document.createElement("li"), {textContent: `${name}: ${what}`}));
  });
}
alert(1);
</script>"""
N_TRIES = REPORT.count(": () =>")


@contextmanager
def planted_report(home: Path, decision: Decision) -> Iterator[None]:
    """Put a page that tries all it can in the place of a decision's report, for the block."""
    assert decision.report_path is not None
    file = home / "store" / decision.report_path
    drawn = file.read_bytes()
    file.write_text(REPORT)
    try:
        yield
    finally:
        file.write_bytes(drawn)
