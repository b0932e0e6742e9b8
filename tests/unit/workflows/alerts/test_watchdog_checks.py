from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from drivers.history import NO_DECAY, NO_DRIFT, accept, begin, enthrone, reign, run_about
from drivers.runs import Run, training_run
from drivers.tiny import Upstream, write_spec
from evergreen.errors import ExternalError
from evergreen.orchestration import watchdog_tasks
from evergreen.orchestration.dag_runs import run_info
from evergreen.workflows.alerts.watchdog_checks import alert_late_decisions, reconcile_champion
from evergreen.workflows.decide.close_decision import record_outcome
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer


def age(context: ModelContext, *, hours: float) -> None:
    """Let all deliveries have been taken in some hours ago."""
    moment = datetime.now(UTC) - timedelta(hours=hours)
    engine = create_engine(context.settings.ledger_url)
    update = text("UPDATE batches SET taken_at = :moment")
    with engine.begin() as connection:
        connection.execute(update, {"moment": f"{moment:%Y-%m-%d %H:%M:%S.%f}"})
    engine.dispose()


def kinds(context: ModelContext) -> list[str]:
    return [entry.alert.kind for entry in context.ledger.alerts.history(context.spec.name)]


def decide(context: ModelContext, batch: str, *, outcome: str = "open") -> Run:
    """Open a decision, and close it as stood down or failed."""
    run = training_run(context.spec.name, batch)
    about = run_about(context, batch, run.dag_run.run_id)
    decide_batch(context, about, NO_DRIFT, NO_DECAY, run_id=run.dag_run.run_id)
    if outcome != "open":
        states = {"decide": "success", "train_challenger": outcome}
        info = run_info(run.context("record_decision"))
        record_outcome(context, about, info, states, trained=None, evaluated=None, stay=None)
    return run


@pytest.mark.parametrize(
    ("hours", "is_late"), [(5.9, False), (6.1, True)], ids=["in time", "too late"]
)
def test_a_batch_without_a_decision_is_told_after_its_time(
    context: ModelContext, upstream: Upstream, hours: float, is_late: bool
) -> None:
    batch = accept(context, upstream, 0)
    age(context, hours=hours)

    found = [alert_late_decisions(context) for _ in range(2)]

    assert found == [[batch] if is_late else []] * 2
    assert kinds(context) == ["late_decision"] * is_late


@pytest.mark.parametrize(
    ("outcome", "is_late"), [("open", True), ("failed", True), ("skipped", False)]
)
def test_only_a_decision_that_came_to_its_end_counts(
    context: ModelContext, upstream: Upstream, outcome: str, is_late: bool
) -> None:
    batch = accept(context, upstream, 0)
    age(context, hours=7)
    decide(context, batch, outcome=outcome)

    assert alert_late_decisions(context) == [batch] * is_late


def test_nothing_is_late_while_a_person_is_asked(context: ModelContext, upstream: Upstream) -> None:
    batch = accept(context, upstream, 0)
    age(context, hours=7)
    due = datetime.now(UTC) + timedelta(hours=1)
    context.ledger.approvals.ask("d1", model=context.spec.name, version="2", due_at=due)

    while_asked = alert_late_decisions(context)
    context.ledger.approvals.answer("d1", "refused", answered_by="ada", comment="")

    assert (while_asked, alert_late_decisions(context)) == ([], [batch])


@pytest.mark.usefixtures("mlflow_uri")
def test_a_promotion_that_was_begun_is_rolled_forward(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    first = reign(context, model_file)
    second = context.registry.register(
        context.spec.name,
        idempotency_key="k2",
        model_file=model_file,
        tags={},
        metrics={},
        params={},
    )
    enthrone(context, second.version, sha256=second.sha256, is_committed=False)

    sentence = reconcile_champion(context)

    latest = context.ledger.promotions.latest(context.spec.name)
    alias = context.registry.get_alias(context.spec.name, "champion")
    assert "finished" in sentence
    assert latest is not None
    assert alias is not None
    assert (latest.state, latest.version, alias.version) == ("committed", "2", "2")
    assert first.version == "1"
    assert kinds(context) == []


@pytest.mark.usefixtures("mlflow_uri")
def test_an_alias_that_somebody_moved_is_told_once_and_left_alone(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)
    context.registry.set_alias(context.spec.name, "champion", "1")

    for _ in range(2):
        reconcile_champion(context)

    alias = context.registry.get_alias(context.spec.name, "champion")
    assert alias is not None
    assert alias.version == "1"
    assert kinds(context) == ["alias_mismatch"]


@pytest.mark.usefixtures("mlflow_uri")
def test_a_champion_whose_file_is_another_is_told_as_that(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    registered = reign(context, model_file)
    enthrone(context, registered.version, sha256="b" * 64, decision="another")

    reconcile_champion(context)
    sentence = reconcile_champion(context)

    (entry,) = context.ledger.alerts.history(context.spec.name)
    assert entry.alert.text == sentence
    assert "sha256" in sentence


@pytest.mark.usefixtures("mlflow_uri")
def test_a_model_that_has_no_champion_yet_is_in_order(context: ModelContext) -> None:
    assert "no champion yet" in reconcile_champion(context)
    assert kinds(context) == []


def test_one_models_trouble_does_not_keep_the_others_waiting(
    context: ModelContext, name: str
) -> None:
    write_spec(context.settings.models_dir, name="a_first")
    done: list[str] = []

    def look(context: ModelContext) -> None:
        if context.spec.name == "a_first":
            raise ZeroDivisionError("a mistake of ours")
        done.append(context.spec.name)

    with pytest.raises(ExternalError, match="a_first: a mistake of ours"):
        watchdog_tasks._for_every_model(look)

    assert done == [name]


def test_the_watchdogs_tasks_go_through_all_models(
    context: ModelContext, upstream: Upstream, slack: SlackServer, name: str
) -> None:
    batch = accept(context, upstream, 0)
    age(context, hours=7)
    slack.mode = "500"

    late = watchdog_tasks.check_decisions.function()
    slack.mode = "ok"
    delivered = watchdog_tasks.deliver_alerts.function()

    assert late == {name: [batch]}
    assert delivered == {name: {"delivered": 1, "undelivered": 0}}
    assert len(slack.messages) == 1


@pytest.mark.usefixtures("mlflow_uri")
def test_the_tasks_of_a_model_without_a_history_have_nothing_to_do(
    context: ModelContext, name: str
) -> None:
    reconciled = watchdog_tasks.reconcile_champions.function()
    removed = watchdog_tasks.apply_retention.function()

    assert list(reconciled) == list(removed) == [name]
    assert set(removed[name].values()) == {0}
    assert kinds(context) == []
