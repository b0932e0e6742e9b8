"""Is all well with a model: exit code 0 where it is, 1 where anything is not."""

import json

import pytest

from builders.ledger_rows import Call, add_decision, add_delivery
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision
from evergreen.records import ModelVersion
from evergreen.registry.client import ModelRegistry

BATCH = "2013-03-05"


@pytest.fixture
def champion(two_versions: list[ModelVersion]) -> str:
    return two_versions[1].version


def close_as_kept(ledger: Ledger, decision: Decision, champion: str) -> None:
    ledger.decisions.close(
        decision.id,
        outcome="kept",
        sentence="the gain is too small",
        challenger_version="2",
        champion_after=champion,
        evaluation=None,
        report_path=None,
    )


def test_a_champion_whose_alias_follows_the_ledger_is_well(call: Call, champion: str) -> None:
    said = call("check", "flights", "--champion", champion)

    assert said.code == 0
    assert f"ok  alias: flights v{champion} is champion" in said.out
    assert "FAILED" not in said.out


def test_an_alias_that_somebody_moved_is_not_well_and_stays(
    call: Call, two_versions: list[ModelVersion], mlflow_uri: str
) -> None:
    registry = ModelRegistry(mlflow_uri)
    registry.set_alias("flights", "champion", two_versions[0].version)

    said = call("check", "flights")

    assert said.code == 1
    assert f"FAILED  alias: the alias champion of flights names v{two_versions[0].version}" in (
        said.out
    )
    named = registry.get_alias("flights", "champion")
    assert named is not None
    assert named.version == two_versions[0].version


def test_a_promotion_that_was_begun_is_not_well_yet(
    call: Call, ledger: Ledger, two_versions: list[ModelVersion]
) -> None:
    ledger.promotions.write_intent(
        "flights",
        epoch=2,
        version=two_versions[0].version,
        previous_version=two_versions[1].version,
        sha256=two_versions[0].sha256,
        kind="forced",
        decision_id="d2",
        reason="audit",
    )

    said = call("check", "flights", "--champion", two_versions[0].version)

    assert said.code == 1
    assert "has begun; the watchdog will finish it" in said.out


def test_another_version_than_expected_is_not_well(call: Call, champion: str) -> None:
    said = call("check", "flights", "--champion", "v9999")

    assert said.code == 1
    assert f"FAILED  champion: v{champion} is champion (committed), expected v9999" in said.out


def test_mlflow_that_does_not_answer_is_not_well(
    call: Call, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    said = call("check", "flights")

    assert said.code == 1
    assert "FAILED  alias: MLflow" in said.out


def test_a_batch_is_well_once_its_decision_is_closed(
    call: Call, ledger: Ledger, champion: str
) -> None:
    def findings() -> tuple[int, str]:
        said = call("check", "flights", "--decided", BATCH, "--json")
        return said.code, json.loads(said.out)[-1]["sentence"]

    assert findings() == (1, f"batch {BATCH} has not arrived")
    add_delivery(ledger, BATCH, broken_rule="1 null too many")
    assert findings() == (1, f"batch {BATCH} is rejected")
    add_delivery(ledger, BATCH)
    assert findings()[0] == 1
    decision = add_decision(ledger, BATCH)
    assert findings() == (1, f"the decision about {BATCH} is open")
    close_as_kept(ledger, decision, champion)

    assert findings() == (0, f"the decision about {BATCH} is kept")


def test_a_forced_retrain_is_well_once_the_newest_decision_is_a_persons(
    call: Call, ledger: Ledger, champion: str
) -> None:
    add_delivery(ledger, BATCH)
    for run_id, trigger in (("asset__1", "drift"), ("manual__1", "forced")):
        decision = add_decision(ledger, BATCH, run_id=run_id, trigger=trigger)
        close_as_kept(ledger, decision, champion)
        codes = [call("check", "flights", word, BATCH).code for word in ("--decided", "--forced")]

        assert codes == [0, int(trigger != "forced")]


def test_labels_are_well_once_they_are_accepted(call: Call, ledger: Ledger, champion: str) -> None:
    missing = call("check", "flights", "--labelled", BATCH)
    ledger.batches.record_refusal("flights", "labels", BATCH, status="rejected", sentence="few")
    refused = call("check", "flights", "--labelled", BATCH)

    assert (missing.code, refused.code) == (1, 1)
    assert f"FAILED  labels: the labels of {BATCH} have not arrived" in missing.out
    assert f"FAILED  labels: the labels of {BATCH} are rejected" in refused.out


@pytest.mark.parametrize("scope", ["flights", "--all"])
def test_a_hold_is_what_was_asked_for_or_is_not(
    call: Call, ledger: Ledger, champion: str, scope: str
) -> None:
    def codes() -> list[int]:
        states = ("held", "released")
        return [call("check", "flights", "--promotions", state).code for state in states]

    before = codes()
    call("hold", scope, "--reason", "an audit")

    assert (before, codes()) == ([1, 0], [0, 1])
