from pathlib import Path

import pytest

from builders.ledger_rows import add_decision, add_delivery, close_as_promoted
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Decision, Delivery
from evergreen.sandbox.demo.story import BatchStory, worst
from evergreen.sandbox.demo.table import cells, line

BATCH = "2013-03-05"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    return ledger


def delivery_of(ledger: Ledger) -> Delivery:
    found = ledger.batches.delivery("flights", "data", BATCH)
    assert found is not None
    return found


def tell_promoted(ledger: Ledger) -> BatchStory:
    add_delivery(ledger, BATCH)
    decision = add_decision(ledger, BATCH)
    close_as_promoted(ledger, decision)
    return tell(ledger, ledger.decisions.get(decision.id))


def tell(ledger: Ledger, decision: Decision) -> BatchStory:
    return BatchStory.of_decision(
        delivery_of(ledger),
        decision,
        kind="weekly",
        seconds=31.4,
        steps={"ingest.take_snapshot": 1.5},
    )


def tell_rejected(ledger: Ledger) -> BatchStory:
    add_delivery(ledger, BATCH, broken_rule="half of temp is null")
    return BatchStory.of_rejection(
        delivery_of(ledger), fault="half_missing", champion="1", seconds=9.0, steps={}
    )


def test_an_accepted_batch_is_told_by_its_decision(ledger: Ledger) -> None:
    story = tell_promoted(ledger)

    assert story.gate == "accepted"
    assert story.drifted == ("temp",)
    assert [(column.column, column.psi, column.ks) for column in story.features] == [
        ("temp", 0.41, 0.31),
        ("carrier", 0.02, None),
        ("distance", None, None),
    ]
    assert story.decay is not None
    assert story.decay.drop == 0.031
    assert (story.champion_before, story.champion_after) == ("1", "2")
    assert story.is_promoted_retrain


def test_a_rejected_batch_leaves_the_champion(ledger: Ledger) -> None:
    story = tell_rejected(ledger)

    assert (story.verdict, story.outcome, story.gate) == ("rejected", "rejected", "rejected")
    assert (story.champion_before, story.champion_after) == ("1", "1")
    assert story.broken_rules == ("half of temp is null",)
    assert story.fault == "half_missing"


def test_a_story_survives_json(ledger: Ledger) -> None:
    story = tell_promoted(ledger)

    assert BatchStory.from_json(story.to_json()) == story


def test_worst_names_the_feature(ledger: Ledger) -> None:
    story = tell_promoted(ledger)

    assert worst(story, "psi") == (0.41, "temp")
    assert worst(story, "ks") == (0.31, "temp")


def test_nothing_measured_has_no_worst(ledger: Ledger) -> None:
    assert worst(tell_rejected(ledger), "psi") is None


def test_cells_of_a_promotion(ledger: Ledger) -> None:
    assert cells(tell_promoted(ledger)) == (
        BATCH,
        "accepted",
        "1 of 3",
        "0.41 temp",
        "0.31 temp",
        "+0.031",
        "retrain (drift) → promoted",
        "v1 → v2",
        "31",
    )


def test_cells_of_a_rejection(ledger: Ledger) -> None:
    assert cells(tell_rejected(ledger)) == (
        BATCH,
        "rejected",
        "-",
        "-",
        "-",
        "-",
        "rejected",
        "v1",
        "9",
    )


def test_a_plain_line_leaves_out_what_was_not_measured(ledger: Ledger) -> None:
    told = line(tell_rejected(ledger))

    assert "gate: rejected" in told
    assert "PSI" not in told
    assert told.endswith("half of temp is null")
