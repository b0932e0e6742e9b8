"""A back-test of one model, asked for by a person: checked, replayed, and kept as a report."""

import logging
import re
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import Field, ValidationError

from evergreen.errors import DataError, RequestError
from evergreen.records import Record
from evergreen.spec.deciding import Policy, PolicyName
from evergreen.workflows.backtest.model_history import Source, check_source, read_model_history
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.run_config import check_keys

if TYPE_CHECKING:
    from evergreen.backtest.engine.results import BacktestResult
    from evergreen.backtest.engine.stream import Stream
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)

MAX_SEED = 2**31 - 1
MAX_JOBS = 64
MAX_EVERY = 52
SHOWN, LONGEST_NAME = 60, 60
SHOWN_COLUMNS = ("policy", "score", "kept", "cost", "n_fits")


class BacktestRequest(Record):
    """What a person asks of a back-test.

    Attributes:
        policies: Which are replayed beside never, every and periodic.
        history: Where the rows come from; see ``model_history``.
        budget: Trainings per batch that ``default`` may spend; None: as the spec says.
        every_batches: Beat of ``periodic``; None: as the spec says.
        seed: Seed of the trainings.
        jobs: Trainings at the same time; the result does not depend on it.
    """

    policies: Literal["both", "default", "thresholds"] = "both"
    history: Source = "auto"
    budget: float | None = Field(None, gt=0, le=1)
    every_batches: int | None = Field(None, ge=1, le=MAX_EVERY)
    seed: int = Field(0, ge=0, le=MAX_SEED)
    jobs: int = Field(2, ge=1, le=MAX_JOBS)

    @property
    def names(self) -> tuple[PolicyName, ...]:
        """Policies that are replayed beside the baselines."""
        return ("thresholds", "default") if self.policies == "both" else (self.policies,)

    def rules(self, policy: Policy) -> Policy:
        """Return the spec's policy section with what was asked in its place."""
        asked = {"budget": self.budget, "every_batches": self.every_batches}
        return policy.model_copy(update={k: v for k, v in asked.items() if v is not None})


def check_backtest(model: str, conf: object) -> BacktestRequest:
    """Turn the conf of a run of ``backtest`` into a request.

    Raises:
        RequestError: An unknown key, a wrong type or a wrong value; or a replay is asked of a model
            that has none.
    """
    given = check_keys(conf, allowed=tuple(BacktestRequest.model_fields))
    try:
        request = BacktestRequest.model_validate(dict(given), strict=True)
    except ValidationError as err:
        raise RequestError(_said(err)) from err
    check_source(model, request.history, ask=ask_for)
    return request


def ask_for(source: Source) -> str:
    """Say how a run of the DAG asks for a history."""
    return f'{{"history": "{source}"}} in the conf of this DAG'


def back_test(context: ModelContext, asked: BacktestRequest, *, run_id: str) -> dict[str, Any]:
    """Replay the policies and keep result and page in the store; nothing else is touched.

    The same run writes to the same place again.

    Args:
        context: The model's spec and adapters.
        asked: What was asked for.
        run_id: Of the DAG run.

    Returns:
        ``json`` and ``html`` (addresses of the two files), ``history`` and ``verdict`` (a sentence
        each), ``n_batches``, ``seconds``, and ``policies``: per policy score, share of the gain
        kept, cost and number of trainings, as in ``backtest.summary``.

    Raises:
        RequestError: The history cannot be back-tested; nothing was trained.
        StorageError: The store cannot be read or written.
    """
    from evergreen.backtest.engine.replay import replay
    from evergreen.backtest.report.console import table_lines, tell_progress

    try:
        history = read_model_history(
            context.loaded, context.settings, source=asked.history, ask=ask_for
        )
    except DataError as err:  # told to the requester only: nothing else depends on it
        raise RequestError(str(err)) from err
    stream = history.stream
    log.info("%s %d batches, seed %d", history.sentence, stream.n_batches, asked.seed)
    result = replay(
        stream,
        policies=asked.names,
        spec_policy=asked.rules(history.policy),
        seed=asked.seed,
        jobs=asked.jobs,
        on_progress=tell_progress(f"replaying {stream.name}", lambda line: log.info("%s", line)),
    )
    for line in table_lines(result, stream.metric):
        log.info("%s", line)
    kept = _keep(
        context.store, result, stream, seed=asked.seed, folder=folder_of(stream.name, run_id)
    )
    return kept | {"history": history.sentence} | _told(result, stream)


def folder_of(model: str, run_id: str) -> str:
    """The folder (in the store) of a run's back-test; whatever the run id holds, it is one."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", run_id).strip("-")[:LONGEST_NAME]
    return f"reports/{model}/backtests/{name}-{sha256(run_id.encode()).hexdigest()[:8]}"


def _keep(
    store: "Store", result: "BacktestResult", stream: "Stream", *, seed: int, folder: str
) -> dict[str, str]:
    from evergreen.backtest.report.page import draw_page

    files = {"json": result.to_text(), "html": draw_page(result, stream, seed=seed)}
    for kind, text in files.items():
        store.write_bytes(f"{folder}/backtest.{kind}", text.encode())
    return {kind: store.uri_of(f"{folder}/backtest.{kind}") for kind in files}


def _told(result: "BacktestResult", stream: "Stream") -> dict[str, Any]:
    from evergreen.backtest.report.conclusions import verdict
    from evergreen.backtest.report.summary import summarise

    rows = summarise(result, stream.metric)
    return {
        "verdict": verdict(rows, stream.metric, n_batches=result.n_batches),
        "n_batches": result.n_batches,
        "seconds": result.seconds,
        "policies": [{name: asdict(row)[name] for name in SHOWN_COLUMNS} for row in rows],
    }


def _said(error: ValidationError) -> str:
    """Say the first thing that is wrong with a conf: key, what is expected, what came."""
    found = error.errors(include_url=False)[0]
    expected = found["msg"].removeprefix("Input should be ")
    came = repr(found["input"])
    came = came if len(came) <= SHOWN else f"{came[:SHOWN]}…"
    return f"{cast('str', found['loc'][0])} must be {expected}, got {came}"
