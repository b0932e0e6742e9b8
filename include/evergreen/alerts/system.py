"""The alerts about the machinery: failed task, no data, no decision, moved alias, roll-back."""

import shlex
from datetime import datetime

from evergreen.alerts.builder import Links, build_alert, trigger, why
from evergreen.alerts.figures import of_champions, of_wait
from evergreen.dag_ids import CONTINUAL_TRAINING, INGEST, ROLLBACK, SCORE, dag_id
from evergreen.presentation.formatting import duration
from evergreen.presentation.phrases import NOTHING_TO_DO, shortened
from evergreen.records import Alert

MAX_ERROR = 600
SCORING = "score__"
STATES = ("airflow", "tasks", "states-for-dag-run")


def failed(
    model: str,
    batch: str,
    *,
    dag_id: str,
    task_id: str,
    error: str,
    n_tries: int = 1,
    run_id: str = "",
    occurrence: str = "",
    links: Links = (),
) -> Alert:
    """A task failed for good, after its retries.

    Args:
        model: The model.
        batch: The batch, or the run's id where no batch is known yet.
        dag_id: The DAG.
        task_id: The task.
        error: What it raised.
        n_tries: How often it was tried.
        run_id: The run, to look at; empty: not known.
        occurrence: Tells failures of one task apart, such as after a clear; empty: one alert.
        links: Where to look.
    """
    head = f"Task {task_id} of {dag_id} failed for good (tries: {n_tries}) on batch {batch}."
    to_do = (
        "The champion has not changed. Read the cause in the task's log, fix it, then clear the"
        " failed task: the run continues from there."
    )
    return build_alert(
        "failed",
        model,
        (batch, f"{dag_id}.{task_id}", occurrence),
        title=f"{model}: {task_id} failed on {batch}",
        lines=(head, f"Error: {shortened(error, MAX_ERROR)}", to_do),
        must_act=True,
        severity="critical" if dag_id.startswith(SCORING) else "warning",
        numbers=(("Tries", str(n_tries)),),
        commands=(shlex.join([*STATES, dag_id, run_id]),) if run_id else (),
        links=links,
    )


def no_data(
    model: str,
    batch: str,
    *,
    waited_hours: float,
    location: str,
    what: str = "data",
    since: datetime | None = None,
    links: Links = (),
) -> Alert:
    """The next delivery did not come in time.

    Args:
        model: The model.
        batch: The batch that was expected.
        waited_hours: How long was waited for it.
        location: Where it was expected.
        what: ``data`` or ``labels``.
        since: When waiting began.
        links: Where to look.
    """
    head = f"No {what} for batch {batch} after {duration(waited_hours)} at {location}."
    to_do = (
        "Ask the owner of the source whether it is late or lost. The next run waits for it again"
        " and ingests it as soon as its manifest is there."
    )
    return build_alert(
        "no_data",
        model,
        (batch, what if what != "data" else ""),
        title=f"{model}: no {what} for {batch}",
        lines=(head, to_do),
        must_act=True,
        severity="warning",
        numbers=of_wait(waited_hours),
        since=since,
        commands=(f"evergreen decisions {model} --limit 3",),
        links=links,
    )


def late_decision(
    model: str,
    batch: str,
    *,
    waited_hours: float,
    limit_hours: float,
    stage: str,
    since: datetime | None = None,
    links: Links = (),
) -> Alert:
    """A batch that arrived has no decision within its limit.

    Args:
        model: The model.
        batch: The batch.
        waited_hours: Hours since it arrived.
        limit_hours: ``arrivals.decide_within_hours`` of the spec.
        stage: How far it came, one sentence.
        since: When it arrived.
        links: Where to look.
    """
    head = (
        f"Batch {batch} has no decision {duration(waited_hours)} after it arrived; the limit is"
        f" {duration(limit_hours)}."
    )
    to_do = (
        f"Find the run that stopped: {dag_id(INGEST, model)}, {dag_id(SCORE, model)},"
        f" {dag_id(CONTINUAL_TRAINING, model)}."
        " A paused DAG, a full pool and a failed task are the usual causes."
    )
    return build_alert(
        "late_decision",
        model,
        (batch,),
        title=f"{model}: no decision for {batch}",
        lines=(head, stage, to_do),
        must_act=True,
        severity="warning",
        numbers=of_wait(waited_hours, limit_hours),
        since=since,
        commands=(why(model, batch),),
        links=links,
    )


def alias_mismatch(
    model: str,
    *,
    epoch: int,
    ledger_version: str | None,
    alias_version: str | None,
    links: Links = (),
) -> Alert:
    """The champion alias in the registry names another version than the ledger.

    Args:
        model: The model.
        epoch: The ledger's epoch.
        ledger_version: Champion by the ledger; None when there is none.
        alias_version: Version that the alias names; None when there is no alias.
        links: Where to look.
    """
    head = (
        f"The alias champion names {_version(alias_version)}, the ledger says"
        f" {_version(ledger_version)} (epoch {epoch}). Somebody moved it without a decision."
    )
    meanwhile = (
        f"Nothing was changed, and nothing is promoted until this is fixed. A program that loads"
        f" models:/{model}@champion gets {_version(alias_version)}."
    )
    to_do = (
        f"To fix it: start {dag_id(ROLLBACK, model)} with the version that should serve"
        f" ({ledger_version or 'a former champion'} is the ledger's) and a reason."
    )
    return build_alert(
        "alias_mismatch",
        model,
        (str(epoch), alias_version or "none"),
        story="champion",
        title=f"{model}: champion alias differs from the ledger",
        lines=(head, meanwhile, to_do),
        must_act=True,
        severity="critical",
        numbers=(
            ("Alias champion", _version(alias_version)),
            ("Ledger", _version(ledger_version)),
        ),
        commands=(
            f"evergreen champion {model}",
            trigger(
                dag_id(ROLLBACK, model),
                version=ledger_version or "<version>",
                reason="<why>",
            ),
        ),
        links=links,
    )


def rolled_back(
    model: str,
    *,
    epoch: int,
    version: str,
    previous_version: str | None,
    reason: str,
    requested_by: str = "",
    links: Links = (),
) -> Alert:
    """A person moved the champion back to an earlier version.

    Args:
        model: The model.
        epoch: The ledger's epoch of the roll-back.
        version: The champion from now on.
        previous_version: The champion until now.
        reason: What the person gave as reason.
        requested_by: Who it was.
        links: Where to look.
    """
    head = f"Champion is now version {version} (was {_version(previous_version)})."
    given = f"Reason: {shortened(reason, MAX_ERROR)}"
    who = f"Requested by {requested_by}." if requested_by else ""
    return build_alert(
        "rolled_back",
        model,
        (str(epoch),),
        story="champion",
        title=f"{model}: rolled back to version {version}",
        lines=(head, given, who, f"{NOTHING_TO_DO} The next retrain is judged against {version}."),
        must_act=False,
        severity="info",
        numbers=of_champions(version, previous_version),
        links=links,
    )


def _version(version: str | None) -> str:
    return f"version {version}" if version else "no version"
