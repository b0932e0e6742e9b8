"""Whether a new champion is worse than the former one, judged batch by batch."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pytest

from builders.chance import least, most
from evergreen.promotion.watch import (
    WatchedBatch,
    WatchVerdict,
    is_watched,
    judge_watch,
    prior_sd,
    set_aside,
)
from evergreen.records import Promotion

Kind = Literal["bootstrap", "promotion", "rollback", "forced"]
LIVES = 1500


def batch(
    gain: float | None, se: float | None = 0.01, *, name: str = "b", n_rows: int = 1000
) -> WatchedBatch:
    return WatchedBatch(batch=name, n_rows=n_rows, gain=gain, se=se)


def judge(
    *batches: WatchedBatch,
    n_batches: int = 4,
    error: float = 0.01,
    prior: float = 0.02,
    earlier: Sequence[Sequence[WatchedBatch]] = (),
) -> WatchVerdict:
    return judge_watch(
        batches, metric="auc", n_batches=n_batches, error=error, prior=prior, earlier=earlier
    )


def row(
    epoch: int, version: str, kind: Kind = "promotion", previous: str | None = "0"
) -> Promotion:
    return Promotion(
        model="flights",
        epoch=epoch,
        version=version,
        previous_version=previous,
        sha256="",
        kind=kind,
        state="committed",
        decision_id=str(epoch),
        reason="",
        promoted_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


# Verdicts


@pytest.mark.parametrize(
    ("n_batches", "verdict"), [(1, "watching"), (3, "watching"), (4, "passed")]
)
def test_an_equal_champion_is_watched_to_the_end(n_batches: int, verdict: str) -> None:
    found = judge(*[batch(0.0)] * n_batches)

    assert (found.verdict, found.gain) == (verdict, 0.0)
    assert f"{n_batches} of 4 batches" in found.sentence
    assert f"{n_batches * 1000} rows" in found.sentence


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        pytest.param(-0.0627, "watching", id="just not"),
        pytest.param(-0.0629, "worse", id="just"),
        pytest.param(0.0629, "watching", id="as much better"),
    ],
)
def test_worse_is_beyond_the_bound_of_one_look(gain: float, verdict: str) -> None:
    # One batch: se hypot(.01, .02) = .02236; Phi^-1(.01 / 4) = -2.807; product -.0628.
    found = judge(batch(gain))

    assert found.verdict == verdict
    assert found.se == pytest.approx(math.hypot(0.01, 0.02))
    assert "worse is below -2.81 (chance 0.01 over the whole watch)" in found.sentence


def test_a_small_loss_adds_up_over_batches() -> None:
    loss = [batch(-0.03)] * 4

    verdicts = [judge(*loss[:n]).verdict for n in (1, 2, 3, 4)]

    assert verdicts == ["watching", "watching", "worse", "worse"]


def test_a_larger_batch_weighs_more() -> None:
    found = judge(batch(-0.10, 0.001), batch(0.10, 0.5), prior=0.001)

    assert found.gain == pytest.approx(-0.10, abs=0.03)


def test_the_same_gains_in_another_order_give_the_same_verdict() -> None:
    gains = [batch(-0.05), batch(0.01, 0.02), batch(-0.08, 0.03)]

    assert judge(*gains) == judge(*reversed(gains))


def test_a_shorter_watch_spends_more_on_each_look() -> None:
    found = judge(batch(-0.055), n_batches=1)

    assert found.verdict == "worse"
    assert judge(batch(-0.055), n_batches=4).verdict == "watching"


# What cannot be computed


@pytest.mark.parametrize(
    ("gain", "se"),
    [(None, None), (-0.3, None), (math.nan, 0.01), (-0.3, math.inf), (-math.inf, 0.01)],
)
def test_a_newest_batch_that_says_nothing_does_not_count(
    gain: float | None, se: float | None
) -> None:
    odd = WatchedBatch.model_construct(batch="2013-03-05", n_rows=9, gain=gain, se=se)

    found = judge(batch(-0.5), odd)

    assert (found.verdict, found.gain) == ("not_computable", None)
    assert "batch 2013-03-05 does not count" in found.sentence


def test_no_batch_is_not_computable() -> None:
    assert judge().verdict == "not_computable"


def test_a_batch_that_said_nothing_is_no_look() -> None:
    found = judge(batch(0.0), batch(None, None), batch(0.0))

    assert found.verdict == "watching"
    assert "2 of 4 batches" in found.sentence


def test_two_perfect_models_are_equal_and_nothing_is_divided_by_zero() -> None:
    found = judge(batch(0.0, 0.0), prior=0.0)

    assert (found.verdict, found.gain) == ("watching", 0.0)


# From batch to batch


def test_batches_that_differ_much_ask_for_more_proof() -> None:
    steady = judge(batch(-0.06, 0.005), batch(-0.06, 0.005))
    unsteady = judge(batch(-0.01, 0.005), batch(-0.11, 0.005))

    assert (steady.verdict, unsteady.verdict) == ("worse", "watching")
    assert (unsteady.se or 0) > (steady.se or 0)


def test_earlier_watches_teach_how_much_batches_differ() -> None:
    quiet = [[batch(gain, 0.001) for gain in (0.01, 0.011, 0.01, 0.009)]] * 5
    rough = [[batch(gain, 0.001) for gain in (0.09, -0.05, 0.07, -0.08)]] * 5
    loss = batch(-0.05, 0.005)

    verdicts = [judge(loss, earlier=earlier).verdict for earlier in (quiet, (), rough)]

    assert verdicts == ["worse", "watching", "watching"]


def test_a_loss_takes_its_scale_from_the_former_champion() -> None:
    assert prior_sd("auc", 0.7) == prior_sd("accuracy", None) == 0.02
    assert prior_sd("log_loss", 0.5) == pytest.approx(0.015)
    assert prior_sd("log_loss", None) == 0.0


# Over whole watches


def n_rolled_back(*, loss: float, se: float, between: float, n_batches: int = 4) -> int:
    """Play many watches; give how many end in a rollback."""
    rng = np.random.default_rng(4)
    n_worse = 0
    for _ in range(LIVES):
        gains = rng.normal(-loss, math.hypot(se, between), n_batches)
        batches = [batch(float(gain), se) for gain in gains]
        n_worse += any(
            judge(*batches[: look + 1], n_batches=n_batches).verdict == "worse"
            for look in range(n_batches)
        )
    return n_worse


@pytest.mark.parametrize("se", [0.006, 0.015, 0.03])
@pytest.mark.parametrize("between", [0.0, 0.01], ids=["sampling alone", "and between batches"])
def test_an_equal_champion_is_rarely_rolled_back(se: float, between: float) -> None:
    assert n_rolled_back(loss=0.0, se=se, between=between) <= most(LIVES, 0.01)


def test_a_champion_that_lost_much_is_rolled_back() -> None:
    assert n_rolled_back(loss=0.05, se=0.015, between=0.01) >= least(LIVES, 0.9)


def test_a_champion_that_learnt_nothing_is_rolled_back_after_one_batch() -> None:
    n_rolled = n_rolled_back(loss=0.2, se=0.03, between=0.02, n_batches=1)

    assert n_rolled >= least(LIVES, 0.99)


# Who is watched, and who is set aside


@pytest.mark.parametrize(
    ("promotion", "is_one"),
    [
        (None, False),
        (row(1, "1", "bootstrap", None), False),
        (row(2, "2"), True),
        (row(2, "2", "forced"), True),
        (row(2, "2", "forced", None), False),
        (row(3, "1", "rollback"), False),
    ],
    ids=["none", "bootstrap", "promotion", "forced", "forced first", "rollback"],
)
def test_who_took_the_place_of_another_is_watched(
    promotion: Promotion | None, is_one: bool
) -> None:
    assert is_watched(promotion) is is_one


@pytest.mark.parametrize(
    ("kinds", "aside"),
    [
        pytest.param("", "", id="no history"),
        pytest.param("b1 p2 p3", "", id="promotions alone"),
        pytest.param("b1 p2 r1", "2", id="rolled back"),
        pytest.param("b1 p2 r1 p3", "2", id="still after a promotion"),
        pytest.param("b1 p2 r1 p2", "", id="won again"),
        pytest.param("b1 p2 r1 f2", "", id="forced by a person"),
        pytest.param("b1 p2 r1 r2", "1", id="rollback undone"),
        pytest.param("b1 p2 p3 r2 r1", "2 3", id="twice"),
        pytest.param("b1 p2 r2", "", id="settled on the same"),
    ],
)
def test_a_version_that_was_rolled_back_is_set_aside_until_it_is_promoted(
    kinds: str, aside: str
) -> None:
    names: dict[str, Kind] = {
        "b": "bootstrap",
        "p": "promotion",
        "r": "rollback",
        "f": "forced",
    }
    history = [
        row(epoch, move[1:], names[move[0]]) for epoch, move in enumerate(kinds.split(), start=1)
    ]

    assert set_aside(history) == set(aside.split())
