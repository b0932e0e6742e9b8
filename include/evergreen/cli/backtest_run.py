"""One call of ``evergreen backtest``: check the options, replay, show the result."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from rich.text import Text

from evergreen.backtest.engine.promotion_gate import Gate
from evergreen.backtest.engine.results import BacktestResult
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.conclusions import verdict
from evergreen.backtest.report.console import draw_table, showing_progress
from evergreen.backtest.report.phrases import METRIC_WORDS
from evergreen.backtest.report.summary import summarise
from evergreen.cli.console import plain, say, screen
from evergreen.errors import RequestError
from evergreen.presentation.formatting import plural
from evergreen.spec.deciding import PolicyName
from evergreen.spec.model import ModelSpec
from evergreen.spec.promoting import Level, PromotionRule

if TYPE_CHECKING:
    from evergreen.workflows.backtest.model_history import ModelHistory, Source


@dataclass(frozen=True)
class Asked:
    """The options as typed; None for an option that was not given."""

    model: str | None
    data: Path | None
    time: str | None
    target: str | None
    window: int | None
    batch: int | None
    label_delay: int | None
    metric: Literal["auc", "accuracy"] | None
    ignore: tuple[str, ...]
    history: "Source | None"
    policies: tuple[str, ...]
    promotion: Level | None
    seed: int
    jobs: int | None
    json_file: Path | None
    html_file: Path | None


def run(asked: Asked) -> None:
    """Replay the policies, print the table and write the requested files.

    Raises:
        RequestError: Options contradict each other, or a file cannot be written.
        EvergreenError: The history cannot be used; nothing was trained.
    """
    _check_options(asked)
    policies = _policies(asked.policies)
    for path in (asked.json_file, asked.html_file):
        if path is not None:
            _check_output(path, asked)
    stream, spec = _read(asked)
    gate = _gate(asked.promotion, spec)
    say(_facts(stream))
    if gate is not None:
        say(_judged(gate))
    from evergreen.backtest.engine.replay import replay

    with showing_progress(screen(stderr=True), f"Replaying {plain(stream.name)}") as advance:
        result = replay(
            stream,
            policies=policies,
            spec_policy=spec.policy if spec else None,
            gate=gate,
            seed=asked.seed,
            jobs=asked.jobs or len(os.sched_getaffinity(0)),
            on_progress=advance,
        )
    _show(result, stream)
    _write(result, stream, asked)


def _check_options(asked: Asked) -> None:
    of_table = {
        "--time": asked.time,
        "--target": asked.target,
        "--window": asked.window,
        "--batch": asked.batch,
    }
    if asked.model is not None and asked.data is not None:
        raise RequestError(
            f"both a model ({asked.model}) and --data ({asked.data}) were given; give one of them"
        )
    if asked.model is None and asked.data is None:
        raise RequestError(
            "nothing to replay; name a model (evergreen backtest flights) or a table (--data"
            " FILE.parquet --time COLUMN --target COLUMN --window ROWS --batch ROWS)"
        )
    if asked.data is not None:
        missing = [option for option, value in of_table.items() if value is None]
        if missing:
            raise RequestError(f"--data also needs {', '.join(missing)}")
        if asked.history is not None:
            raise RequestError("--history is for a model of the suite; leave it out with --data")
        return
    more = {"--label-delay": asked.label_delay, "--metric": asked.metric}
    given = [option for option, value in {**of_table, **more}.items() if value is not None]
    given += ["--ignore"] if asked.ignore else []
    if given:
        raise RequestError(
            f"{', '.join(given)} cannot be given with a model: they are in the model.yaml of"
            f" {asked.model}; change them there, or back-test a table with --data"
        )


def _policies(names: Sequence[str]) -> tuple[PolicyName, ...] | None:
    """Return the policies that were named; None for all."""
    known = get_args(PolicyName)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise RequestError(f"there is no policy {name!r}; {hint}")
    return tuple(name for name in known if name in names) or None


def _check_output(path: Path, asked: Asked) -> None:
    """Refuse a path that cannot be written, before hours of work."""
    folder = path.parent
    if asked.data is not None and path.resolve() == asked.data.resolve():
        raise RequestError(f"{path} is the table itself; choose another file")
    files = [file.resolve() for file in (asked.json_file, asked.html_file) if file is not None]
    if len(files) > len(set(files)):
        raise RequestError(f"--json and --html are both {path}; give each its own file")
    if path.is_dir():
        raise RequestError(f"{path} is a folder, expected the name of a file to write")
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder} to write {path.name} to; create it first")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise RequestError(f"there is no permission to write {path}; choose another file")


def _read(asked: Asked) -> tuple[Stream, ModelSpec | None]:
    if asked.model is not None:
        history = _history_of_model(asked.model, source=asked.history or "auto")
        say(plain(history.sentence))
        return history.stream, history.spec
    from evergreen.backtest.engine.read_table import read_stream

    stream = read_stream(
        asked.data or Path(),
        time=asked.time or "",
        target=asked.target or "",
        window=asked.window or 0,
        batch=asked.batch or 0,
        label_delay=asked.label_delay or 0,
        metric=asked.metric,
        ignore=asked.ignore,
    )
    return stream, None


def _history_of_model(model: str, *, source: "Source" = "auto") -> "ModelHistory":
    """Read the labelled history of a model of the suite.

    Args:
        model: Its name.
        source: As in ``workflows.backtest.model_history``; ``auto`` also replays the year if ledger
            or store cannot be reached, as from a laptop.

    Raises:
        SpecError: There is no such model, or its spec is wrong.
        RequestError: The model has no replay.
        EmptyWindowError: There is too little history.
        DataError: The history cannot be used.
    """
    from evergreen.errors import EmptyWindowError, ExternalError
    from evergreen.settings import read_settings
    from evergreen.spec.loader import load_specs
    from evergreen.workflows.backtest import model_history

    settings = read_settings()
    return model_history.read_model_history(
        load_specs(settings.models_dir, home=settings.home).find(model),
        settings,
        source=source,
        ask=lambda other: f"evergreen backtest {model} --history {other}",
        replay_after=(EmptyWindowError, ExternalError),
    )


def _gate(level: Level | None, spec: ModelSpec | None) -> Gate | None:
    if level is None:
        return None
    if spec is None:
        return Gate(PromotionRule(level=level))
    return Gate(
        spec.promotion.model_copy(update={"level": level}),
        holdout_batches=spec.windows.holdout_days / spec.arrivals.every_days,
        min_rows=spec.windows.min_holdout_rows,
    )


def _judged(gate: Gate) -> str:
    level = gate.rule.level if gate.rule else "none"
    return (
        f"Challengers are evaluated at level {level} on the newest labelled rows"
        f" ({gate.holdout_batches:g} x a batch, at least {gate.min_rows:,}) that they were not"
        " trained on; without guards."
    )


def _facts(stream: Stream) -> str:
    delay = stream.label_delay
    late = "at once" if delay == 0 else f"{plural(delay, 'batch')} later"
    classes = f"{stream.n_classes} classes, " if stream.n_classes > 2 else ""  # noqa: PLR2004 - two need no word
    return (
        f"{plain(stream.name)}: {int(stream.edges[-1]):,} rows, {len(stream.features)} features,"
        f" {classes}{plural(stream.n_batches, 'batch')}, scored by {METRIC_WORDS[stream.metric]},"
        f" labels {late}"
    )


def _show(result: BacktestResult, stream: Stream) -> None:
    screen().print(draw_table(result, stream.metric))
    rows = summarise(result, stream.metric)
    say(plain(verdict(rows, stream.metric, n_batches=result.n_batches)))
    say(
        Text(
            f"{result.seconds:.0f} s. Bold: no other policy scores as high at this cost or less.",
            "dim",
        )
    )


def _write(result: BacktestResult, stream: Stream, asked: Asked) -> None:
    if asked.json_file is not None:
        _write_text(asked.json_file, result.to_text())
    if asked.html_file is not None:
        from evergreen.backtest.report.page import draw_page

        _write_text(asked.html_file, draw_page(result, stream, seed=asked.seed))


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as err:
        raise RequestError(f"{path} could not be written: {err.strerror}") from err
    say(f"Wrote {plain(path)}", stderr=True)
