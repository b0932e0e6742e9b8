import threading
from datetime import UTC, datetime, timedelta

import pytest

from evergreen.errors import ChampionChangedError, LedgerError
from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion, TrainedModel, Window

WEEK = Window(start=datetime(2013, 1, 1, tzinfo=UTC), end=datetime(2013, 2, 1, tzinfo=UTC))


def take_epoch(
    ledger: Ledger, epoch: int, *, version: str, decision: str, previous: str | None = None
) -> Promotion:
    return ledger.promotions.write_intent(
        "flights",
        epoch=epoch,
        version=version,
        previous_version=previous,
        sha256="a" * 64,
        kind="promotion",
        decision_id=decision,
        reason="better",
    )


def make_trained() -> TrainedModel:
    return TrainedModel(
        path="versions/k/model.lgb",
        sha256="a" * 64,
        n_rows=100,
        n_rounds=10,
        seconds=1.0,
        device="cpu",
        device_reason="asked for",
        seed=1,
        window=WEEK,
    )


def test_the_highest_epoch_is_the_champion_whatever_its_state(ledger: Ledger) -> None:
    take_epoch(ledger, 1, version="1", decision="d1")
    ledger.promotions.commit("flights", 1)
    take_epoch(ledger, 2, version="3", decision="d2", previous="1")

    latest = ledger.promotions.latest("flights")

    assert latest is not None
    assert (latest.version, latest.previous_version, latest.state) == ("3", "1", "intent")
    assert [p.state for p in ledger.promotions.history("flights")] == ["committed", "intent"]


def test_a_taken_epoch_is_refused(ledger: Ledger) -> None:
    take_epoch(ledger, 1, version="1", decision="d1")

    with pytest.raises(ChampionChangedError, match="epoch 1 of flights was taken"):
        take_epoch(ledger, 1, version="2", decision="d2")


def test_one_decision_cannot_promote_twice(ledger: Ledger) -> None:
    take_epoch(ledger, 1, version="1", decision="d1")

    with pytest.raises(ChampionChangedError):
        take_epoch(ledger, 2, version="1", decision="d1")


def test_of_many_that_take_one_epoch_at_once_exactly_one_wins(
    ledger: Ledger, ledger_url: str
) -> None:
    n_racers = 6
    barrier = threading.Barrier(n_racers)
    won: list[str] = []

    def race(version: str) -> None:
        with Ledger(ledger_url) as own:
            barrier.wait()
            try:
                take_epoch(own, 1, version=version, decision=f"d{version}")
            except ChampionChangedError:
                return
            won.append(version)

    racers = [threading.Thread(target=race, args=(str(n),)) for n in range(n_racers)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert [p.version for p in ledger.promotions.history("flights")] == won
    assert len(won) == 1


def test_champion_at_a_moment_is_one_question(ledger: Ledger) -> None:
    first = take_epoch(ledger, 1, version="1", decision="d1")
    take_epoch(ledger, 2, version="2", decision="d2", previous="1")

    before = ledger.promotions.champion_at("flights", first.promoted_at - timedelta(seconds=1))
    then = ledger.promotions.champion_at("flights", first.promoted_at)

    assert before is None
    assert then is not None
    assert then.version == "1"


def test_a_version_is_found_by_its_key(ledger: Ledger) -> None:
    ledger.versions.record(
        "flights", "4", idempotency_key="k", sha256="a" * 64, folder="f", trained=make_trained()
    )

    found = ledger.versions.by_key("flights", "k")

    assert found is not None
    assert (found.version, found.trained) == ("4", make_trained())
    assert ledger.versions.by_key("flights", "other") is None


def test_an_unknown_version_is_an_error_that_lists_the_known(ledger: Ledger) -> None:
    ledger.versions.record(
        "flights", "4", idempotency_key="k", sha256="a" * 64, folder="f", trained=make_trained()
    )

    with pytest.raises(LedgerError, match="no version '9' in the ledger; known: 4"):
        ledger.versions.get("flights", "9")


def test_a_key_that_is_released_can_be_taken_by_another_version(ledger: Ledger) -> None:
    for version in ("4", "5"):
        ledger.versions.record(
            "flights",
            version,
            idempotency_key="k",
            sha256="a" * 64,
            folder="f",
            trained=make_trained(),
        )
        found = ledger.versions.by_key("flights", "k")
        assert found is not None
        assert found.version == version
        ledger.versions.release_key("flights", version)

    assert ledger.versions.by_key("flights", "k") is None
    assert [entry.version for entry in ledger.versions.history("flights")] == ["4", "5"]
