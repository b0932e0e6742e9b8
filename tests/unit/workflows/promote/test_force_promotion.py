"""Making a named version champion by hand, against a real MLflow server."""

from pathlib import Path
from typing import Any

import pytest

from drivers.history import asked_for, begin, reign
from drivers.runs import DagRun, Run
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.errors import EvergreenError, PromotionError
from evergreen.measurements import DecayMeasurement
from evergreen.orchestration.manual_tasks import force_promote
from evergreen.orchestration.retry_rules import RequestRefused
from evergreen.records import PromotionVerdict, TrainedModel, Window
from evergreen.workflows.alerts.watchdog_checks import reconcile_champion
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.model_context import Workbench
from evergreen.workflows.promote.force_promotion import force_champion

pytestmark = pytest.mark.usefixtures("mlflow_uri")
REASON = "v1 is what the audit saw"


@pytest.fixture
def two_champions(bench: Workbench, upstream: Upstream, model_file: Path) -> str:
    batch = begin(bench, upstream)
    reign(bench, model_file)
    reign(bench, model_file)
    return batch


def order(bench: Workbench, conf: Any) -> Run:
    return Run(
        DagRun(
            f"force_promote__{bench.spec.name}",
            "manual__1",
            conf=conf,
            triggering_user_name="ada",
            run_type="manual",
        )
    )


def champion(bench: Workbench) -> tuple[str | None, str | None]:
    latest = bench.ledger.promotions.latest(bench.spec.name)
    alias = bench.registry.get_alias(bench.spec.name, "champion")
    return latest.version if latest else None, alias.version if alias else None


@pytest.mark.usefixtures("two_champions")
def test_a_forced_version_moves_ledger_and_alias_and_is_told_once(bench: Workbench) -> None:
    run = order(bench, {"version": "1", "reason": REASON})

    first = run.call(force_promote, bench.spec.name)
    again = run.call(force_promote, bench.spec.name)

    assert first == again
    assert champion(bench) == ("1", "1")
    assert (first["kind"], first["state"], first["requested_by"]) == ("forced", "committed", "ada")
    assert first["reason"].startswith(f"forced by ada: {REASON} (its own evaluation: ")
    (told,) = bench.ledger.alerts.history(bench.spec.name)
    assert told.alert.kind == "forced"
    assert "ada made version 1 champion by hand (was version 2)" in told.alert.text
    assert REASON in told.alert.text


@pytest.mark.usefixtures("two_champions")
def test_the_same_order_from_another_run_confirms_it(bench: Workbench) -> None:
    first = force_champion(bench, "1", REASON, run_id="command 1", requested_by="ada")
    again = force_champion(bench, "1", REASON, run_id="command 2", requested_by="ada")

    assert again == first
    assert len(bench.ledger.promotions.history(bench.spec.name)) == 3


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
def test_a_wrong_order_is_refused_and_moves_nothing(bench: Workbench, conf: Any, says: str) -> None:
    with pytest.raises(RequestRefused, match=says):
        order(bench, conf).call(force_promote, bench.spec.name)

    assert champion(bench) == ("2", "2")
    assert bench.ledger.alerts.history(bench.spec.name) == []


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("version", "says"),
    [("9", "no version '9' in the ledger"), ("2", "is the champion already")],
    ids=["unknown", "champion"],
)
def test_a_version_that_cannot_take_the_place_is_refused(
    bench: Workbench, version: str, says: str
) -> None:
    with pytest.raises(EvergreenError, match=says):
        force_champion(bench, version, REASON, run_id="r", requested_by="ada")

    assert champion(bench) == ("2", "2")


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(("scope", "release"), [("*", "--all"), ("", "tiny_")])
def test_the_kill_switch_stops_a_forced_promotion_and_says_how_to_release(
    bench: Workbench, scope: str, release: str
) -> None:
    bench.ledger.holds.hold(scope or bench.spec.name, reason="audit", held_by="ben")

    with pytest.raises(PromotionError, match=f"held by ben .*evergreen release {release}"):
        force_champion(bench, "1", REASON, run_id="r", requested_by="ada")

    assert champion(bench) == ("2", "2")


def test_the_first_champion_may_be_forced(
    bench: Workbench, upstream: Upstream, model_file: Path
) -> None:
    begin(bench, upstream)
    name = bench.spec.name
    registered = bench.registry.register(
        name, idempotency_key="k", model_file=model_file, tags={}, metrics={}, params={}
    )
    bench.ledger.versions.record(
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

    row = force_champion(bench, "1", REASON, run_id="r", requested_by="ada")

    assert (row.kind, row.previous_version, row.epoch) == ("forced", None, 1)
    assert row.reason.endswith("(it was never evaluated)")
    assert champion(bench) == ("1", "1")


def test_what_the_rule_said_of_the_version_is_told(bench: Workbench, two_champions: str) -> None:
    asked = asked_for(bench, two_champions, "earlier")
    no_decay = DecayMeasurement(verdict="insufficient_data", sentence="").to_json()
    decide_batch(bench, asked, {"version": None, "path": None}, no_decay, "earlier")
    bench.ledger.decisions.close(
        asked["decision"],
        outcome="kept",
        sentence="kept",
        challenger_version="1",
        champion_after="2",
        evaluation=bench.ledger.versions.get(bench.spec.name, "1").evaluation,
        report_path=None,
        promotion_verdict=PromotionVerdict(verdict="keep", sentence="gain too small"),
    )

    row = force_champion(bench, "1", REASON, run_id="r", requested_by="ada")

    assert row.reason.endswith("(its own evaluation: gain too small)")


def test_a_file_that_is_another_in_the_registry_is_refused(
    bench: Workbench, two_champions: str
) -> None:
    entry = bench.ledger.versions.get(bench.spec.name, "1")
    bench.ledger.versions.record(
        bench.spec.name,
        "1",
        idempotency_key=entry.idempotency_key,
        sha256="b" * 64,
        folder=entry.folder,
        trained=entry.trained,
    )

    with pytest.raises(PromotionError, match="expected bbbb"):
        force_champion(bench, "1", REASON, run_id="r", requested_by="ada")

    assert champion(bench) == ("2", "2")


@pytest.mark.usefixtures("two_champions")
def test_a_forced_promotion_that_nobody_could_tell_of_is_told_by_the_watchdog(
    bench: Workbench,
) -> None:
    force_champion(bench, "1", REASON, run_id="r", requested_by="ada")

    for _ in range(2):
        reconcile_champion(bench)

    assert [entry.alert.kind for entry in bench.ledger.alerts.history(bench.spec.name)] == [
        "forced"
    ]
