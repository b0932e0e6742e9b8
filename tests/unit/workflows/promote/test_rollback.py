"""Moving the champion back, by a person and by the watch, against a real MLflow server."""

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drivers.history import accept, begin, enthrone, label, predict, reign
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.errors import RequestError
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.orchestration.rollback_tasks import (
    compare_with_former,
    roll_back,
    roll_back_if_worse,
)
from evergreen.records import Promotion
from evergreen.workflows.alerts.watchdog_checks import reconcile_champion
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.rollback import roll_back_by_command, tell_rollback
from standins.slack import SlackServer

pytestmark = pytest.mark.usefixtures("mlflow_uri")


@pytest.fixture
def two_champions(context: ModelContext, upstream: Upstream, model_file: Path) -> str:
    """Let v2 take the place of v1; give the batch that neither has learnt from."""
    batch = begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)
    return batch


def rollback(context: ModelContext, conf: Any, run_id: str = "manual__1") -> Run:
    dag_run = DagRun(
        f"rollback__{context.spec.name}",
        run_id,
        conf=conf,
        triggering_user_name="ada",
        run_type="manual",
    )
    return Run(dag_run)


def alias_of(context: ModelContext) -> str | None:
    found = context.registry.get_alias(context.spec.name, "champion")
    return None if found is None else found.version


def kinds(context: ModelContext) -> list[str]:
    """Return the kinds of what was told, without what incidents add: calm batches and endings."""
    told = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    return [alert.kind for alert in told if not alert.message_key.startswith("incident:")]


def moves(context: ModelContext) -> list[tuple[str, str, str]]:
    rows = context.ledger.promotions.history(context.spec.name)
    return [(row.version, row.kind, row.requested_by) for row in rows]


# By a run


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize("version", [None, "1"], ids=["previous", "named"])
def test_a_rollback_moves_ledger_and_alias_and_is_told(
    context: ModelContext, version: str | None
) -> None:
    run = rollback(context, {"reason": "wrong on Mondays", "version": version})

    first = run.call(roll_back, context.spec.name)
    again = run.call(roll_back, context.spec.name)

    assert first == again
    assert (first["version"], first["kind"], alias_of(context)) == ("1", "rollback", "1")
    assert (first["reason"], first["requested_by"]) == ("wrong on Mondays", "ada")
    (told,) = context.ledger.alerts.history(context.spec.name)
    assert told.alert.kind == "rolled_back"
    assert "Requested by ada." in told.alert.text


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({}, "needs a reason", id="no reason"),
        pytest.param({"reason": "  "}, "needs a reason", id="blank reason"),
        pytest.param({"reason": "x", "version": "9"}, "v9", id="never champion"),
        pytest.param({"reason": "x", "version": 1}, "must be a text", id="number"),
        pytest.param({"reason": "x", "verison": "1"}, "did you mean 'version'", id="misspelt"),
    ],
)
def test_a_wrong_rollback_is_refused_and_moves_nothing(
    context: ModelContext, conf: Any, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says):
        rollback(context, conf).call(roll_back, context.spec.name)

    assert alias_of(context) == "2"
    assert kinds(context) == []


# By a command


def command(context: ModelContext, invocation: str = "one", **changes: Any) -> Promotion:
    asked = {"version": None, "reason": "wrong on Mondays", "requested_by": "ada"}
    return roll_back_by_command(context, invocation=invocation, **{**asked, **changes})


@pytest.mark.usefixtures("two_champions")
def test_a_command_moves_the_champion_and_leaves_its_alert_to_the_watchdog(
    context: ModelContext, slack: SlackServer
) -> None:
    row = command(context)
    assert tell_rollback(context, row)

    assert moves(context)[-1] == ("1", "rollback", "ada")
    assert alias_of(context) == "1"
    (told,) = context.ledger.alerts.history(context.spec.name)
    assert (told.alert.kind, told.state, slack.messages) == ("rolled_back", "pending", [])


@pytest.mark.usefixtures("two_champions")
def test_a_command_without_a_reason_is_refused(context: ModelContext) -> None:
    with pytest.raises(RequestError, match="--reason"):
        command(context, reason=" ")

    assert alias_of(context) == "2"


@pytest.mark.usefixtures("two_champions")
def test_a_command_that_died_half_way_is_finished_by_the_same_command(
    context: ModelContext,
) -> None:
    command(context, "first")
    died = leave_begun(context, "2", requested_by="ada", reason="no, v2 was right")

    row = command(context, "second", reason="no, v2 was right", version="2")

    assert (row.epoch, row.state, alias_of(context)) == (died.epoch, "committed", "2")
    assert len(moves(context)) == 4


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    "other", [{"requested_by": "bob"}, {"reason": "another"}], ids=["who", "why"]
)
def test_another_command_finishes_what_was_begun_and_then_does_its_own(
    context: ModelContext, other: dict[str, str]
) -> None:
    leave_begun(context, "1", requested_by="ada", reason="wrong on Mondays")

    row = command(context, version="2", **other)

    assert [version for version, _, _ in moves(context)] == ["1", "2", "1", "2"]
    assert (row.epoch, alias_of(context)) == (4, "2")


@pytest.mark.usefixtures("two_champions")
def test_the_watchdog_finishes_and_tells_what_a_dead_command_began(context: ModelContext) -> None:
    leave_begun(context, "1", requested_by="ada", reason="wrong on Mondays")

    for _ in range(2):
        reconcile_champion(context)

    assert alias_of(context) == "1"
    assert kinds(context) == ["rolled_back"]


def leave_begun(
    context: ModelContext, version: str, *, requested_by: str, reason: str
) -> Promotion:
    """Leave a rollback in the ledger whose process died before the alias."""
    name = context.spec.name
    latest = context.ledger.promotions.latest(name)
    assert latest is not None
    return context.ledger.promotions.write_intent(
        name,
        epoch=latest.epoch + 1,
        version=version,
        previous_version=latest.version,
        sha256=context.ledger.versions.get(name, version).sha256,
        kind="rollback",
        decision_id=f"begun by {requested_by}",
        reason=reason,
        token=None,
        requested_by=requested_by,
    )


# By the watch


def watch_run(context: ModelContext, batch: str) -> Run:
    dag_run = DagRun(
        f"watch_champion__{context.spec.name}", run_id=f"asset__{batch}", partition_key=batch
    )
    return Run(dag_run)


@pytest.fixture
def worse(context: ModelContext, upstream: Upstream, two_champions: str) -> list[str]:
    """Let v2 be wrong on the two weeks after its promotion; give both."""
    batches = [two_champions]
    for week in (5, 6):
        predict(context, batches[-1], "1")
        predict(context, batches[-1], "2", is_right=False)
        label(context, upstream, week)
        batches.append(accept(context, upstream, week + 1))
    return batches[:2]


def test_a_worse_champion_is_rolled_back_once_and_told_once(
    context: ModelContext, worse: list[str]
) -> None:
    name, run = context.spec.name, watch_run(context, worse[0])

    for _ in range(2):
        found = run.call(compare_with_former, name) if not run.returned else None
        row = run.call(roll_back_if_worse, name)

    assert found is None
    assert moves(context)[2:] == [("1", "rollback", "watch")]
    assert (row["version"], alias_of(context)) == ("1", "1")
    assert "v2 is worse than v1" in row["reason"]
    assert kinds(context) == ["auto_rolled_back"]
    with pytest.raises(AirflowSkipException, match="came by a rollback"):
        watch_run(context, worse[1]).call(compare_with_former, name)


def test_a_cleared_run_finds_that_it_has_moved_the_champion(
    context: ModelContext, worse: list[str]
) -> None:
    name, run = context.spec.name, watch_run(context, worse[0])
    run.call(compare_with_former, name)
    run.call(roll_back_if_worse, name)

    enthrone(context, "2", decision="a person insists", sha256=sha_of(context, "2"))
    run.call(roll_back_if_worse, name)

    assert [version for version, _, _ in moves(context)] == ["1", "2", "1", "2"]
    assert kinds(context) == ["auto_rolled_back"]


def test_a_champion_that_is_not_worse_stays(
    context: ModelContext, upstream: Upstream, two_champions: str
) -> None:
    for version in ("1", "2"):
        predict(context, two_champions, version)
    label(context, upstream, 5)
    run = watch_run(context, two_champions)

    assert run.call(compare_with_former, context.spec.name)["verdict"] == "watching"
    with pytest.raises(AirflowSkipException, match="the champion stays"):
        run.call(roll_back_if_worse, context.spec.name)

    assert len(moves(context)) == 2
    assert kinds(context) == []


@pytest.mark.parametrize("scope", ["own", "*"])
def test_while_promotions_are_held_nothing_moves_and_a_person_is_asked_once(
    context: ModelContext, worse: list[str], scope: str
) -> None:
    name = context.spec.name
    model = name if scope == "own" else scope
    context.ledger.holds.hold(model, reason="audit week", held_by="eve")

    for batch in worse:
        run = watch_run(context, batch)
        run.call(compare_with_former, name)
        with pytest.raises(AirflowSkipException, match="are held by eve since"):
            run.call(roll_back_if_worse, name)

    assert (len(moves(context)), alias_of(context)) == (2, "2")
    (told,) = context.ledger.alerts.history(name)
    assert (told.alert.kind, told.alert.must_act) == ("rollback_held", True)
    assert "audit week" in told.alert.text
    assert told.alert.since in [
        move.promoted_at for move in context.ledger.promotions.history(name)
    ]

    context.ledger.holds.release(model, reason="done", released_by="eve")
    run.call(roll_back_if_worse, name)

    assert moves(context)[-1] == ("1", "rollback", "watch")
    assert kinds(context) == ["rollback_held", "auto_rolled_back"]


@pytest.mark.parametrize("is_seen", [True, False], ids=["before", "at the last moment"])
def test_a_champion_that_has_moved_on_is_left_alone(
    context: ModelContext, worse: list[str], monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    name, run = context.spec.name, watch_run(context, worse[0])
    run.call(compare_with_former, name)
    before = context.ledger.promotions.latest(name)
    enthrone(context, "1", decision="a retrain", sha256=sha_of(context, "1"))
    context.registry.set_alias(name, "champion", "1")
    if not is_seen:
        monkeypatch.setattr("evergreen.ledger.promotions.Promotions.latest", lambda *_: before)

    with pytest.raises(AirflowSkipException, match="not the champion any more"):
        run.call(roll_back_if_worse, name)

    assert (len(moves(context)), kinds(context)) == (3, [])


def sha_of(context: ModelContext, version: str) -> str:
    return context.ledger.versions.get(context.spec.name, version).sha256
