"""Making a named version champion by hand, against a real MLflow server."""

from pathlib import Path
from typing import Any

import pytest

from drivers.history import NO_DECAY, NO_DRIFT, begin, reign, run_about
from drivers.runs import DagRun, Run
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import EvergreenError, PromotionError
from evergreen.orchestration.manual_tasks import force_promote
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.records import PromotionVerdict, TrainedModel, Window
from evergreen.workflows.alerts.watchdog_checks import reconcile_champion
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.force_promotion import force_champion

pytestmark = pytest.mark.usefixtures("mlflow_uri")
REASON = "v1 is what the audit saw"


@pytest.fixture
def two_champions(context: ModelContext, upstream: Upstream, model_file: Path) -> str:
    batch = begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)
    return batch


def order(context: ModelContext, conf: Any) -> Run:
    return Run(
        DagRun(
            f"force_promote__{context.spec.name}",
            "manual__1",
            conf=conf,
            triggering_user_name="ada",
            run_type="manual",
        )
    )


def champion(context: ModelContext) -> tuple[str | None, str | None]:
    latest = context.ledger.promotions.latest(context.spec.name)
    alias = context.registry.get_alias(context.spec.name, "champion")
    return latest.version if latest else None, alias.version if alias else None


@pytest.mark.usefixtures("two_champions")
def test_a_forced_version_moves_ledger_and_alias_and_is_told_once(context: ModelContext) -> None:
    run = order(context, {"version": "1", "reason": REASON})

    first = run.call(force_promote, context.spec.name)
    again = run.call(force_promote, context.spec.name)

    assert first == again
    assert champion(context) == ("1", "1")
    assert (first["kind"], first["state"], first["requested_by"]) == ("forced", "committed", "ada")
    assert first["reason"].startswith(f"forced by ada: {REASON} (its own evaluation: ")
    (told,) = context.ledger.alerts.history(context.spec.name)
    assert told.alert.kind == "forced"
    assert "ada made version 1 champion by hand (was version 2)" in told.alert.text
    assert REASON in told.alert.text


@pytest.mark.usefixtures("two_champions")
def test_the_same_order_from_another_run_confirms_it(context: ModelContext) -> None:
    first = force_champion(context, "1", REASON, run_id="command 1", requested_by="ada")
    again = force_champion(context, "1", REASON, run_id="command 2", requested_by="ada")

    assert again == first
    assert len(context.ledger.promotions.history(context.spec.name)) == 3


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({"version": "1"}, "a version and a reason", id="no reason"),
        pytest.param({"reason": "x"}, "a version and a reason", id="no version"),
        pytest.param({"version": "1", "reason": " "}, "a version and a reason", id="blank reason"),
        pytest.param({"version": 1, "reason": "x"}, "must be a text", id="number"),
        pytest.param({"verison": "1", "reason": "x"}, "did you mean 'version'", id="misspelt"),
    ],
)
def test_a_wrong_order_is_refused_and_moves_nothing(
    context: ModelContext, conf: Any, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says):
        order(context, conf).call(force_promote, context.spec.name)

    assert champion(context) == ("2", "2")
    assert context.ledger.alerts.history(context.spec.name) == []


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("version", "says"),
    [("9", "no version '9' in the ledger"), ("2", "is the champion already")],
    ids=["unknown", "champion"],
)
def test_a_version_that_cannot_take_the_place_is_refused(
    context: ModelContext, version: str, says: str
) -> None:
    with pytest.raises(EvergreenError, match=says):
        force_champion(context, version, REASON, run_id="r", requested_by="ada")

    assert champion(context) == ("2", "2")


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(("scope", "release"), [("*", "--all"), ("", "tiny_")])
def test_the_kill_switch_stops_a_forced_promotion_and_says_how_to_release(
    context: ModelContext, scope: str, release: str
) -> None:
    context.ledger.holds.hold(scope or context.spec.name, reason="audit", held_by="ben")

    with pytest.raises(PromotionError, match=f"held by ben .*evergreen release {release}"):
        force_champion(context, "1", REASON, run_id="r", requested_by="ada")

    assert champion(context) == ("2", "2")


def test_the_first_champion_may_be_forced(
    context: ModelContext, upstream: Upstream, model_file: Path
) -> None:
    begin(context, upstream)
    name = context.spec.name
    registered = context.registry.register(
        name, idempotency_key="k", model_file=model_file, tags={}, metrics={}, params={}
    )
    context.ledger.versions.record(
        name,
        registered.version,
        idempotency_key="k",
        sha256=registered.sha256,
        folder="versions/k",
        trained=TrainedModel(
            path="versions/k/model.lgb",
            sha256=registered.sha256,
            n_rows=1600,
            n_rounds=30,
            seconds=0.1,
            device="cpu",
            device_reason="",
            seed=1,
            window=Window.ending(FIRST + 5 * WEEK, days=28),
        ),
    )

    row = force_champion(context, "1", REASON, run_id="r", requested_by="ada")

    assert (row.kind, row.previous_version, row.epoch) == ("forced", None, 1)
    assert row.reason.endswith("(it was never evaluated)")
    assert champion(context) == ("1", "1")


def test_what_the_rule_said_of_the_version_is_told(
    context: ModelContext, two_champions: str
) -> None:
    about = run_about(context, two_champions, "earlier")
    decide_batch(context, about, NO_DRIFT, NO_DECAY, run_id="earlier")
    context.ledger.decisions.close(
        about.decision_id,
        outcome="kept",
        sentence="kept",
        challenger_version="1",
        champion_after="2",
        evaluation=context.ledger.versions.get(context.spec.name, "1").evaluation,
        report_path=None,
        promotion_verdict=PromotionVerdict(verdict="keep", sentence="gain too small"),
    )

    row = force_champion(context, "1", REASON, run_id="r", requested_by="ada")

    assert row.reason.endswith("(its own evaluation: gain too small)")


def test_a_file_that_is_another_in_the_registry_is_refused(
    context: ModelContext, two_champions: str
) -> None:
    entry = context.ledger.versions.get(context.spec.name, "1")
    context.ledger.versions.record(
        context.spec.name,
        "1",
        idempotency_key=entry.idempotency_key,
        sha256="b" * 64,
        folder=entry.folder,
        trained=entry.trained,
    )

    with pytest.raises(PromotionError, match="expected bbbb"):
        force_champion(context, "1", REASON, run_id="r", requested_by="ada")

    assert champion(context) == ("2", "2")


@pytest.mark.usefixtures("two_champions")
def test_a_forced_promotion_that_nobody_could_tell_of_is_told_by_the_watchdog(
    context: ModelContext,
) -> None:
    force_champion(context, "1", REASON, run_id="r", requested_by="ada")

    for _ in range(2):
        reconcile_champion(context)

    assert [entry.alert.kind for entry in context.ledger.alerts.history(context.spec.name)] == [
        "forced"
    ]
