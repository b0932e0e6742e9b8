"""``evergreen calibrate``: the drift limits of a model, from its budget of false alarms."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from evergreen.cli.console import cell, examples, make_table, plain, say, screen, show_json
from evergreen.errors import RequestError
from evergreen.settings import read_settings
from evergreen.spec.loader import load_specs

if TYPE_CHECKING:
    from evergreen.workflows.decide.drift_calibration import (
        CalibrationReport,
        JudgedBatch,
        ShownLimit,
    )

calibrate_app = typer.Typer()

MAX_NAMED = 8
ROUNDING = 1e-3
NOTES = """\b
Printed for each feature:
  PSI, D       limits above which the feature has drifted; D for numbers and times only
  nulls up     the same, for the rise of the null share over that of the reference
  from         calibrated: unchanged data of that many rows exceeds it only as often
               as the budget allows; floor: the smallest effect that counts (min_psi,
               min_ks, min_null_rise of the spec), if unchanged data stays below it;
               gross: unchanged batches differ so much that the limit stops at a value
               where two samples have hardly anything in common; spec: a limit in
               model.yaml, which always takes precedence
  drifted in   batches since the reference in which the feature drifted

\b
Nothing is written. To change the budget, set in model.yaml:
  drift: {false_verdicts_per_year: 2}

"""


@calibrate_app.command(
    "calibrate",
    epilog=NOTES
    + examples(
        "evergreen calibrate flights                      the limits as they are",
        "evergreen calibrate flights --false-alarms 1     the limits of one false alarm a year",
        "evergreen calibrate flights --json | jq '.features[] | {feature, psi, ks}'",
        "evergreen calibrate flights --json | jq '.batches[] | select(.verdict == \"drifted\")'",
    ),
)
def calibrate(
    model: Annotated[
        str, typer.Argument(help="Name of the model, such as flights.", show_default=False)
    ],
    false_alarms: Annotated[
        float | None,
        typer.Option(
            "--false-alarms",
            metavar="PER_YEAR",
            help="Try another budget: unchanged batches per year that may be called drifted.",
            show_default="drift.false_verdicts_per_year of the spec",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Show the drift limits of each feature, their origin, and how past batches are classified.

    Limits follow from a budget: how many unchanged batches per year may be called drifted. They are
    computed for the champion's reference and the usual number of rows in a batch. If the reference
    has four batches or more, they allow for normal differences between batches. Every batch that is
    still in the store is then classified by them.
    """
    from evergreen.ledger.ledger import Ledger
    from evergreen.workflows.decide.drift_calibration import calibrate_model
    from evergreen.workflows.model_context import ModelContext

    if false_alarms is not None and not 0 < false_alarms < float("inf"):
        raise RequestError(f"--false-alarms is {false_alarms:g}; give a number above 0")
    settings = read_settings()
    loaded = load_specs(settings.models_dir, home=settings.home).find(model)
    with Ledger(settings.ledger_url) as ledger:
        context = ModelContext(settings, loaded, ledger)
        report = calibrate_model(context, false_verdicts_per_year=false_alarms)
    if as_json:
        show_json(report.to_json())
        return
    screen().print(_table(report))
    for line in _lines(report):
        say(line)


def _table(report: "CalibrationReport") -> Table:
    columns = ["feature", "kind", "PSI", "from", "D", "from", "nulls up", "from", "drifted in"]
    has_problems = any(one.problem for one in report.features)
    if has_problems:
        columns.append("problem")
    table = make_table(f"Drift limits of {report.model}", columns, wide=("problem",))
    n_since = len(report.since)
    for one in report.features:
        limits = [text for limit in (one.psi, one.ks, one.null_rise) for text in _limit(limit)]
        times = f"{one.drifted_batches} of {n_since}" if n_since else "-"
        problem = [cell(one.problem)] if has_problems else []
        table.add_row(cell(one.feature), one.kind, *limits, times, *problem)
    return table


def _limit(limit: "ShownLimit | None") -> tuple[str, str]:
    return ("-", "") if limit is None else (f"{limit.value:.4g}", limit.source)


def _lines(report: "CalibrationReport") -> list[str | Text]:
    whose = "the newest history (there is no champion yet)"
    if report.version is not None:
        whose = f"the reference of v{plain(report.version)}"
    blocks = "too few batches to estimate the normal differences between batches"
    if report.n_blocks is not None:
        blocks = f"normal differences between batches are estimated from {report.n_blocks} blocks"
    lines: list[str | Text] = [
        f"Limits for a batch of {report.batch_rows:,} rows, against {whose}"
        f" ({report.reference_rows:,} rows; {blocks}).",
        f"Budget: {report.budget_per_year:g} of {report.batches_per_year:.4g} batches per year may"
        f" be called drifted on unchanged data; expected with these limits: at most"
        f" {report.expected_per_year:.2g}.",
    ]
    if report.expected_per_year > report.budget_per_year * (1 + ROUNDING):
        lines.append(Text(_over_budget(report), "yellow"))
    if report.batch_rows < report.min_rows:
        lines.append(
            Text(
                f"A batch of {report.batch_rows:,} rows gets no verdict: drift.min_rows is"
                f" {report.min_rows:,}.",
                "yellow",
            )
        )
    for place, batches in (("since", report.since), ("within", report.within)):
        if batches:
            lines.append(_past(place, batches))
    return lines


def _over_budget(report: "CalibrationReport") -> str:
    """Return which limits do not follow the budget, and why."""
    reasons = []
    for source, why in (
        ("gross", "unchanged batches differ too much for a limit in {}"),
        ("spec", "model.yaml sets the limits of {}"),
    ):
        names = [one.feature for one in report.features if source in one.sources]
        if names:
            more = f", +{len(names) - MAX_NAMED}" if len(names) > MAX_NAMED else ""
            reasons.append(why.format(f"{', '.join(map(plain, names[:MAX_NAMED]))}{more}"))
    return f"That is over the budget: {'; '.join(reasons) or 'see the limits'}."


def _past(place: str, batches: "tuple[JudgedBatch, ...]") -> str:
    judged = [one for one in batches if one.verdict != "insufficient_data"]
    drifted = [one.batch for one in judged if one.verdict == "drifted"]
    more = f", +{len(drifted) - MAX_NAMED}" if len(drifted) > MAX_NAMED else ""
    named = f": {', '.join(map(plain, drifted[-MAX_NAMED:]))}{more}" if drifted else ""
    few = f"; {len(batches) - len(judged)} too small" if len(judged) < len(batches) else ""
    return (
        f"Batches {place} the reference that these limits call drifted: {len(drifted)} of"
        f" {len(judged)}{named}{few}."
    )
