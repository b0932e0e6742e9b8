import threading
from datetime import UTC, datetime, timedelta

import pytest

from evergreen.errors import ChampionChangedError, LedgerError, StaleTokenError
from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion, TrainedModel, Window

WEEK = Window(start=datetime(2013, 1, 1, tzinfo=UTC), end=datetime(2013, 2, 1, tzinfo=UTC))


def take_epoch(
    ledger: Ledger,
    epoch: int,
    *,
    version: str,
    decision: str,
    previous: str | None = None,
    token: int | None = None,
    requested_by: str = "",
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
        token=token,
        requested_by=requested_by,
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


def test_each_token_is_newer_than_the_last_and_each_model_has_its_own(ledger: Ledger) -> None:
    lanes = ledger.promotions

    tokens = [lanes.take_lane("flights", "d1"), lanes.take_lane("flights", "d2")]

    assert tokens == [1, 2]
    assert lanes.take_lane("churn", "d3") == 1


def test_only_the_newest_token_writes(ledger: Ledger) -> None:
    old = ledger.promotions.take_lane("flights", "d1")
    new = ledger.promotions.take_lane("flights", "d2")

    with pytest.raises(
        StaleTokenError, match=r"may no longer promote flights: decision d2 took over at 20"
    ):
        take_epoch(ledger, 1, version="1", decision="d1", token=old)
    assert ledger.promotions.history("flights") == []

    assert take_epoch(ledger, 1, version="2", decision="d2", token=new).epoch == 1


@pytest.mark.parametrize(
    ("tokens_taken", "words"),
    [
        pytest.param(2, "a later try of this same decision took over", id="own later try"),
        pytest.param(0, "was never given", id="made up"),
    ],
)
def test_a_stale_token_says_why(ledger: Ledger, tokens_taken: int, words: str) -> None:
    for _ in range(tokens_taken):
        ledger.promotions.take_lane("flights", "d1")

    with pytest.raises(StaleTokenError, match=words):
        take_epoch(ledger, 1, version="1", decision="d1", token=1)


def test_an_order_without_a_token_takes_the_lane_over(ledger: Ledger) -> None:
    waiting = ledger.promotions.take_lane("flights", "d1")

    ordered = take_epoch(ledger, 1, version="1", decision="by hand", requested_by="ada")

    assert ledger.promotions.latest("flights") == ordered
    assert ordered.requested_by == "ada"
    with pytest.raises(StaleTokenError, match="decision by hand took over"):
        take_epoch(ledger, 2, version="2", decision="d1", previous="1", token=waiting)


def test_of_many_that_take_the_lane_at_once_each_gets_a_token_of_its_own(
    ledger: Ledger, ledger_url: str
) -> None:
    n_racers = 6
    barrier = threading.Barrier(n_racers)
    tokens: list[int] = []

    def race(decision: str) -> None:
        with Ledger(ledger_url) as own:
            barrier.wait()
            tokens.append(own.promotions.take_lane("flights", decision))

    racers = [threading.Thread(target=race, args=(f"d{n}",)) for n in range(n_racers)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert sorted(tokens) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(StaleTokenError):
        take_epoch(ledger, 1, version="1", decision="d", token=5)
    assert take_epoch(ledger, 1, version="1", decision="d", token=6).version == "1"
