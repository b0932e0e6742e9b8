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
from evergreen.workflows.model_context import Workbench
from evergreen.workflows.promote.rollback import roll_back_by_command, tell_rollback
from standins.slack import SlackServer

pytestmark = pytest.mark.usefixtures("mlflow_uri")


@pytest.fixture
def two_champions(bench: Workbench, upstream: Upstream, model_file: Path) -> str:
    """Let v2 take the place of v1; give the batch that neither has learnt from."""
    batch = begin(bench, upstream)
    reign(bench, model_file)
    reign(bench, model_file)
    return batch


def rollback(bench: Workbench, conf: Any, run_id: str = "manual__1") -> Run:
    dag_run = DagRun(
        f"rollback__{bench.spec.name}",
        run_id,
        conf=conf,
        triggering_user_name="ada",
        run_type="manual",
    )
    return Run(dag_run)


def alias_of(bench: Workbench) -> str | None:
    found = bench.registry.get_alias(bench.spec.name, "champion")
    return None if found is None else found.version


def kinds(bench: Workbench) -> list[str]:
    """Give the kinds of what was told, without what incidents add: calm batches and endings."""
    told = [entry.alert for entry in bench.ledger.alerts.history(bench.spec.name)]
    return [alert.kind for alert in told if not alert.incident.startswith("incident:")]


def moves(bench: Workbench) -> list[tuple[str, str, str]]:
    rows = bench.ledger.promotions.history(bench.spec.name)
    return [(row.version, row.kind, row.requested_by) for row in rows]


# By a run


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize("version", [None, "1"], ids=["previous", "named"])
def test_a_rollback_moves_ledger_and_alias_and_is_told(
    bench: Workbench, version: str | None
) -> None:
    run = rollback(bench, {"reason": "wrong on Mondays", "version": version})

    first = run.call(roll_back, bench.spec.name)
    again = run.call(roll_back, bench.spec.name)

    assert first == again
    assert (first["version"], first["kind"], alias_of(bench)) == ("1", "rollback", "1")
    assert (first["reason"], first["requested_by"]) == ("wrong on Mondays", "ada")
    (told,) = bench.ledger.alerts.history(bench.spec.name)
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
    bench: Workbench, conf: Any, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says):
        rollback(bench, conf).call(roll_back, bench.spec.name)

    assert alias_of(bench) == "2"
    assert kinds(bench) == []


# By a command


def command(bench: Workbench, invocation: str = "one", **changes: Any) -> Promotion:
    asked = {"version": None, "reason": "wrong on Mondays", "requested_by": "ada"}
    return roll_back_by_command(bench, invocation=invocation, **{**asked, **changes})


@pytest.mark.usefixtures("two_champions")
def test_a_command_moves_the_champion_and_leaves_its_alert_to_the_watchdog(
    bench: Workbench, slack: SlackServer
) -> None:
    row = command(bench)
    assert tell_rollback(bench, row)

    assert moves(bench)[-1] == ("1", "rollback", "ada")
    assert alias_of(bench) == "1"
    (told,) = bench.ledger.alerts.history(bench.spec.name)
    assert (told.alert.kind, told.state, slack.messages) == ("rolled_back", "pending", [])


@pytest.mark.usefixtures("two_champions")
def test_a_command_without_a_reason_is_refused(bench: Workbench) -> None:
    with pytest.raises(RequestError, match="--reason"):
        command(bench, reason=" ")

    assert alias_of(bench) == "2"


@pytest.mark.usefixtures("two_champions")
def test_a_command_that_died_half_way_is_finished_by_the_same_command(bench: Workbench) -> None:
    command(bench, "first")
    died = leave_begun(bench, "2", requested_by="ada", reason="no, v2 was right")

    row = command(bench, "second", reason="no, v2 was right", version="2")

    assert (row.epoch, row.state, alias_of(bench)) == (died.epoch, "committed", "2")
    assert len(moves(bench)) == 4


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    "other", [{"requested_by": "bob"}, {"reason": "another"}], ids=["who", "why"]
)
def test_another_command_finishes_what_was_begun_and_then_does_its_own(
    bench: Workbench, other: dict[str, str]
) -> None:
    leave_begun(bench, "1", requested_by="ada", reason="wrong on Mondays")

    row = command(bench, version="2", **other)

    assert [version for version, _, _ in moves(bench)] == ["1", "2", "1", "2"]
    assert (row.epoch, alias_of(bench)) == (4, "2")


@pytest.mark.usefixtures("two_champions")
def test_the_watchdog_finishes_and_tells_what_a_dead_command_began(bench: Workbench) -> None:
    leave_begun(bench, "1", requested_by="ada", reason="wrong on Mondays")

    for _ in range(2):
        reconcile_champion(bench)

    assert alias_of(bench) == "1"
    assert kinds(bench) == ["rolled_back"]


def leave_begun(bench: Workbench, version: str, *, requested_by: str, reason: str) -> Promotion:
    """Leave a rollback in the ledger whose process died before the alias."""
    name = bench.spec.name
    latest = bench.ledger.promotions.latest(name)
    assert latest is not None
    return bench.ledger.promotions.write_intent(
        name,
        epoch=latest.epoch + 1,
        version=version,
        previous_version=latest.version,
        sha256=bench.ledger.versions.get(name, version).sha256,
        kind="rollback",
        decision_id=f"begun by {requested_by}",
        reason=reason,
        token=None,
        requested_by=requested_by,
    )


# By the watch


def watch_run(bench: Workbench, batch: str) -> Run:
    dag_run = DagRun(
        f"watch_champion__{bench.spec.name}", run_id=f"asset__{batch}", partition_key=batch
    )
    return Run(dag_run)


@pytest.fixture
def worse(bench: Workbench, upstream: Upstream, two_champions: str) -> list[str]:
    """Let v2 be wrong on the two weeks after its promotion; give both."""
    batches = [two_champions]
    for week in (5, 6):
        predict(bench, batches[-1], "1")
        predict(bench, batches[-1], "2", is_right=False)
        label(bench, upstream, week)
        batches.append(accept(bench, upstream, week + 1))
    return batches[:2]


def test_a_worse_champion_is_rolled_back_once_and_told_once(
    bench: Workbench, worse: list[str]
) -> None:
    name, run = bench.spec.name, watch_run(bench, worse[0])

    for _ in range(2):
        found = run.call(compare_with_former, name) if not run.returned else None
        row = run.call(roll_back_if_worse, name)

    assert found is None
    assert moves(bench)[2:] == [("1", "rollback", "watch")]
    assert (row["version"], alias_of(bench)) == ("1", "1")
    assert "v2 is worse than v1" in row["reason"]
    assert kinds(bench) == ["auto_rolled_back"]
    with pytest.raises(AirflowSkipException, match="came by a rollback"):
        watch_run(bench, worse[1]).call(compare_with_former, name)


def test_a_cleared_run_finds_that_it_has_moved_the_champion(
    bench: Workbench, worse: list[str]
) -> None:
    name, run = bench.spec.name, watch_run(bench, worse[0])
    run.call(compare_with_former, name)
    run.call(roll_back_if_worse, name)

    enthrone(bench, "2", decision="a person insists", sha256=sha_of(bench, "2"))
    run.call(roll_back_if_worse, name)

    assert [version for version, _, _ in moves(bench)] == ["1", "2", "1", "2"]
    assert kinds(bench) == ["auto_rolled_back"]


def test_a_champion_that_is_not_worse_stays(
    bench: Workbench, upstream: Upstream, two_champions: str
) -> None:
    for version in ("1", "2"):
        predict(bench, two_champions, version)
    label(bench, upstream, 5)
    run = watch_run(bench, two_champions)

    assert run.call(compare_with_former, bench.spec.name)["verdict"] == "watching"
    with pytest.raises(AirflowSkipException, match="the champion stays"):
        run.call(roll_back_if_worse, bench.spec.name)

    assert len(moves(bench)) == 2
    assert kinds(bench) == []


@pytest.mark.parametrize("scope", ["own", "*"])
def test_while_promotions_are_held_nothing_moves_and_a_person_is_asked_once(
    bench: Workbench, worse: list[str], scope: str
) -> None:
    name = bench.spec.name
    model = name if scope == "own" else scope
    bench.ledger.holds.hold(model, reason="audit week", held_by="eve")

    for batch in worse:
        run = watch_run(bench, batch)
        run.call(compare_with_former, name)
        with pytest.raises(AirflowSkipException, match="are held by eve since"):
            run.call(roll_back_if_worse, name)

    assert (len(moves(bench)), alias_of(bench)) == (2, "2")
    (told,) = bench.ledger.alerts.history(name)
    assert (told.alert.kind, told.alert.must_act) == ("rollback_held", True)
    assert "audit week" in told.alert.text
    assert told.alert.since in [move.promoted_at for move in bench.ledger.promotions.history(name)]

    bench.ledger.holds.release(model, reason="done", released_by="eve")
    run.call(roll_back_if_worse, name)

    assert moves(bench)[-1] == ("1", "rollback", "watch")
    assert kinds(bench) == ["rollback_held", "auto_rolled_back"]


@pytest.mark.parametrize("is_seen", [True, False], ids=["before", "at the last moment"])
def test_a_champion_that_has_moved_on_is_left_alone(
    bench: Workbench, worse: list[str], monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    name, run = bench.spec.name, watch_run(bench, worse[0])
    run.call(compare_with_former, name)
    before = bench.ledger.promotions.latest(name)
    enthrone(bench, "1", decision="a retrain", sha256=sha_of(bench, "1"))
    bench.registry.set_alias(name, "champion", "1")
    if not is_seen:
        monkeypatch.setattr("evergreen.ledger.promotions.Promotions.latest", lambda *_: before)

    with pytest.raises(AirflowSkipException, match="not the champion any more"):
        run.call(roll_back_if_worse, name)

    assert (len(moves(bench)), kinds(bench)) == (3, [])


def sha_of(bench: Workbench, version: str) -> str:
    return bench.ledger.versions.get(bench.spec.name, version).sha256
