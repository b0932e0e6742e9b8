from dataclasses import replace

import numpy as np
import pytest

from builders.worlds import HISTORY, make_world
from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.promotion_gate import Gate
from evergreen.backtest.engine.replay import replay
from evergreen.records import Evaluation
from evergreen.spec.promoting import Level, PromotionRule

SIZE = 150
BALANCED = PromotionRule()


def rows_of(gate: Gate, newest: int) -> tuple[int, int]:
    """Return the holdout, counted in rows from the first batch."""
    found = gate.holdout(make_world(6), newest)
    return found.start - HISTORY, found.stop - HISTORY


@pytest.mark.parametrize(
    ("holdout_batches", "newest", "rows"),
    [
        pytest.param(1.0, 3, (450, 600), id="a batch"),
        pytest.param(0.2, 3, (570, 600), id="a part of one"),
        pytest.param(1.2, 3, (420, 600), id="more than one"),
        pytest.param(2.0, 0, (0, 150), id="none before the first"),
    ],
)
def test_the_holdout_is_the_newest_labelled_rows(
    holdout_batches: float, newest: int, rows: tuple[int, int]
) -> None:
    assert rows_of(Gate(BALANCED, holdout_batches=holdout_batches), newest) == rows


@pytest.mark.parametrize("holdout_batches", [0.2, 1.0, 1.2, 2.0])
@pytest.mark.parametrize("held", [frozenset[int](), frozenset({1, 3})], ids=["sound", "held"])
def test_a_challenger_never_learns_from_its_holdout(
    holdout_batches: float, held: frozenset[int]
) -> None:
    stream = make_world(6)
    gate = Gate(BALANCED, holdout_batches=holdout_batches)

    for newest in range(6):
        key = gate.challenger(stream, newest, fraction=0.5, held=held)
        rows = Models(stream).training_rows(key)
        assert rows[-1] < gate.holdout(stream, newest).start
        if not held:
            assert rows[-1] == gate.holdout(stream, newest).start - 1
        assert key.held <= held


def test_what_was_left_out_tells_models_apart() -> None:
    assert ModelKey(3).version != ModelKey(3, left_out=30).version


def passed(gate: Gate, models: Models, **keys: ModelKey) -> bool:
    return gate.is_passed(models, newest=4, earlier=[], **keys)


@pytest.mark.parametrize("level", ["eager", "balanced", "strict"])
@pytest.mark.parametrize("holdout_batches", [0.8, 1.0, 1.5])
def test_only_the_better_of_two_passes(level: Level, holdout_batches: float) -> None:
    models = Models(make_world(6, turns_at=1))
    gate = Gate(PromotionRule(level=level), holdout_batches=holdout_batches)
    old, new = ModelKey(0), ModelKey(3, 0.25)

    assert passed(gate, models, challenger=new, champion=old)
    assert not passed(gate, models, challenger=old, champion=new)


def test_the_rows_that_are_judged_are_those_of_the_holdout() -> None:
    stream, earlier = make_world(6), list[Evaluation]()
    gate = Gate(BALANCED, holdout_batches=1.2)

    gate.is_passed(
        Models(stream), challenger=ModelKey(2), champion=ModelKey(0), newest=4, earlier=earlier
    )
    spoilt = replace(stream, target=stream.target.copy())
    spoilt.target[: gate.holdout(stream, 4).start] = 1
    models, again = Models(stream), list[Evaluation]()
    models.stream = spoilt
    gate.is_passed(models, challenger=ModelKey(2), champion=ModelKey(0), newest=4, earlier=again)

    assert earlier[0].n_rows == round(1.2 * SIZE)
    assert again[0].n_rows == earlier[0].n_rows


@pytest.mark.parametrize(("min_rows", "is_passed"), [(150, True), (151, False)])
def test_too_few_rows_keep_the_champion(min_rows: int, *, is_passed: bool) -> None:
    models = Models(make_world(6, turns_at=1))
    gate = Gate(BALANCED, min_rows=min_rows)

    found = passed(gate, models, challenger=ModelKey(3, 0.25), champion=ModelKey(0))

    assert found is is_passed


def test_rows_of_one_class_keep_the_champion() -> None:
    stream = make_world(6, turns_at=1)
    stream.target[stream.rows(4)] = 1

    assert not passed(
        Gate(BALANCED), Models(stream), challenger=ModelKey(3, 0.25), champion=ModelKey(0)
    )


def test_without_a_rule_all_pass_and_only_the_holdout_is_lost() -> None:
    found = replay(make_world(8, turns_at=4), gate=Gate(None, holdout_batches=0.2)).policies

    for name in ("periodic", "default"):
        assert found[name].fits
        assert {fit.batch for fit in found[name].fits} <= set(found[name].promotions)


def test_the_yardsticks_know_no_rule() -> None:
    stream = make_world(8, turns_at=4)

    plain, gated = (replay(stream, gate=gate).policies for gate in (None, Gate(BALANCED)))

    for name in ("never", "every"):
        assert plain[name] == gated[name]


def test_in_a_quiet_world_the_rule_keeps_most_challengers_out() -> None:
    strict = Gate(PromotionRule(level="strict"))

    found = replay(make_world(12), gate=strict).policies

    assert len(found["periodic"].fits) > 0
    assert found["periodic"].promotions == ()
    assert found["default"].promotions == ()


def test_a_world_that_turned_gets_its_new_champion_all_the_same() -> None:
    stream = make_world(14, turns_at=4)

    found = replay(stream, gate=Gate(BALANCED)).policies

    never, every, default = (found[name].score or 0 for name in ("never", "every", "default"))
    assert found["default"].promotions
    assert np.isfinite(default)
    assert default > never + 0.5 * (every - never)
