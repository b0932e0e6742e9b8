from statistics import fmean
from typing import Any

import numpy as np
import pytest

from builders.worlds import HISTORY, make_world
from evergreen.backtest.engine import replay as module
from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.replay import ALWAYS, replay
from evergreen.backtest.engine.results import BacktestResult, PolicyRun
from evergreen.backtest.engine.stream import Stream
from evergreen.backtest.report.summary import summarise
from evergreen.signals import HOLD_BATCHES
from evergreen.spec.deciding import Policy, PolicyName

SIZE = 150


class RecordingModels(Models):
    """Models that remember which of them were fitted."""

    asked: list[ModelKey]

    def __init__(self, stream: Stream, *, seed: int = 0) -> None:
        super().__init__(stream, seed=seed)
        type(self).asked = []

    def training_rows(self, key: ModelKey) -> "np.ndarray[Any, np.dtype[np.int64]]":
        self.asked.append(key)
        return super().training_rows(key)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> type[RecordingModels]:
    """Let the replay use models that remember what was fitted."""
    monkeypatch.setattr(module, "Models", RecordingModels)
    return RecordingModels


def fitted(run: PolicyRun) -> list[int]:
    return [fit.batch for fit in run.fits]


def without_time(result: BacktestResult) -> BacktestResult:
    return result.model_copy(update={"seconds": 0})


def known_by(result: BacktestResult, batch: int) -> dict[str, Any]:
    """Return all that was decided before a batch."""
    return {
        name: [
            [fit for fit in run.fits if fit.batch < batch],
            *([b for b in found if b < batch] for found in (run.promotions, run.alarms)),
            [b for b in run.quarantined if b < batch],
        ]
        for name, run in result.policies.items()
    }


# What the policies do


@pytest.mark.parametrize("delay", [0, 2])
def test_never_fits_never_and_every_at_each_batch_with_labels_but_the_last(delay: int) -> None:
    result = replay(make_world(6, label_delay=delay), policies=[])

    never, every = result.policies["never"], result.policies["every"]
    assert (never.fits, never.cost, never.promotions) == ((), 0, ())
    assert fitted(every) == list(range(delay, 5))
    assert every.cost == pytest.approx((5 - delay) / 6)
    assert every.promotions == tuple(range(delay, 5))


def test_a_model_serves_from_the_batch_after_its_training() -> None:
    stream = make_world(5)
    models = Models(stream)

    every = replay(stream, policies=[]).policies["every"]

    wanted = [models.estimate(ModelKey(batch), batch).value for batch in range(5)]
    assert every.scores == pytest.approx(wanted)
    assert every.score == pytest.approx(fmean(score or 0 for score in wanted))


def test_with_labels_late_a_training_knows_less() -> None:
    stream = make_world(5, label_delay=2)
    models = Models(stream)

    every = replay(stream, policies=[]).policies["every"]

    wanted = [
        models.estimate(ModelKey(edge), batch).value for batch, edge in enumerate([0, 0, 0, 1, 2])
    ]
    assert every.scores == pytest.approx(wanted)


def test_periodic_is_the_mean_over_its_phases() -> None:
    stream = make_world(6)
    models = Models(stream)

    found = replay(stream, policies=[], spec_policy=Policy(every_batches=2)).policies["periodic"]

    # From phase 0 it trains after batches 0, 2, 4; from phase 1 after 1, 3.
    edges = [[0, 1, 1, 3, 3, 5], [0, 0, 2, 2, 4, 4]]
    wanted = [
        fmean(models.estimate(ModelKey(phase[batch]), batch).value or 0 for phase in edges)
        for batch in range(6)
    ]
    assert found.scores == pytest.approx(wanted)
    assert [(fit.batch, fit.fraction) for fit in found.fits] == [(n, 0.5) for n in range(5)]
    assert found.cost == pytest.approx(2.5 / 6)


@pytest.mark.parametrize(
    ("policies", "played"),
    [
        ([], {*ALWAYS}),
        (["default"], {*ALWAYS, "default"}),
        (["never", "thresholds"], {*ALWAYS, "thresholds"}),
        (None, {*ALWAYS, "thresholds", "default"}),
    ],
)
def test_the_plain_policies_are_always_played(
    policies: list[PolicyName] | None, played: set[str]
) -> None:
    result = replay(make_world(2, size=60), policies=policies)

    assert set(result.policies) == played


def test_all_policies_begin_with_the_same_champion() -> None:
    result = replay(make_world(3))

    firsts = [run.scores[0] for run in result.policies.values()]
    assert firsts == pytest.approx([firsts[0]] * 5)
    assert {len(run.scores) for run in result.policies.values()} == {result.n_batches} == {3}


def test_a_history_shorter_than_the_delay_is_only_scored() -> None:
    told: list[tuple[int, int]] = []

    result = replay(
        make_world(2, label_delay=5), on_progress=lambda done, total: told.append((done, total))
    )

    assert all(run.fits == () for run in result.policies.values())
    assert told[-1][0] == told[-1][1]


def test_progress_is_told_step_by_step_to_the_end() -> None:
    told: list[tuple[int, int]] = []

    replay(make_world(3), on_progress=lambda done, total: told.append((done, total)))

    total = told[0][1]
    assert told == [(done, total) for done in range(1, total + 1)]


def test_a_batch_of_one_class_has_no_score_and_stops_nothing() -> None:
    stream = make_world(6)
    stream.target[stream.rows(2)] = 1

    result = replay(stream)

    for run in result.policies.values():
        assert [n for n, score in enumerate(run.scores) if score is None] == [2]
        assert run.score is not None


def test_the_spec_restrains_the_replayed_policies_too() -> None:
    result = replay(make_world(6), spec_policy=Policy(name="never", cool_down_batches=2))

    assert fitted(result.policies["every"]) == [0, 3]


# Nothing is known before its time


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_no_policy_reacts_to_labels_before_they_have_come(delay: int) -> None:
    lied = 5
    sound = replay(make_world(12, label_delay=delay))

    fooled = replay(make_world(12, label_delay=delay, flipped_labels_from=lied))

    assert known_by(fooled, lied + delay) == known_by(sound, lied + delay)
    assert fooled.policies["default"].alarms[:1] == (lied + delay,)
    assert sound.policies["default"].alarms == ()


@pytest.mark.parametrize("delay", [1, 3])
def test_permuting_labels_that_have_not_come_changes_no_decision(delay: int) -> None:
    lied = 6
    stream, permuted = (make_world(10, label_delay=delay, turns_at=3) for _ in range(2))
    for batch in range(lied, 10):
        np.random.default_rng(batch).shuffle(permuted.target[permuted.rows(batch)])

    one, other = replay(stream), replay(permuted)

    assert known_by(one, lied + delay) == known_by(other, lied + delay)
    for name, run in one.policies.items():
        assert run.scores[:lied] == other.policies[name].scores[:lied]


# The same question, the same answer


def test_the_same_seed_gives_the_same_result_also_on_two_threads() -> None:
    stream = make_world(8, turns_at=4, broken=[6])

    results = [without_time(replay(stream, seed=3, jobs=jobs)) for jobs in (1, 1, 2)]

    assert results[0] == results[1] == results[2]


# A world that turns


@pytest.mark.parametrize("delay", [0, 1])
def test_a_sudden_change_is_found_and_answered_as_soon_as_labels_tell(delay: int) -> None:
    turn = 4
    result = replay(make_world(12, turns_at=turn, label_delay=delay))
    never, every, default = (result.policies[name] for name in ("never", "every", "default"))

    answered = [fit for fit in default.fits if fit.batch >= turn + delay]

    assert default.alarms[0] - (turn + delay) in (0, 1)
    assert answered[0].batch == default.alarms[0]
    assert answered[0].fraction < 1
    assert default.cost < every.cost
    assert (default.score or 0) > (never.score or 0) + 0.5 * (
        (every.score or 0) - (never.score or 0)
    )


def test_a_quiet_world_is_left_alone() -> None:
    default = replay(make_world(10)).policies["default"]

    assert (default.alarms, default.quarantined) == ((), ())
    assert default.cost <= 0.2


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "rmse", "mae"])
def test_other_metrics_find_the_change_too(metric: Any) -> None:
    result = replay(make_world(10, turns_at=4, metric=metric))

    assert result.policies["default"].alarms[0] in (4, 5)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1_macro"])
def test_many_classes_are_replayed(metric: Any) -> None:
    stream = make_world(10, turns_at=4, n_classes=3, metric=metric)

    rows = {row.policy: row for row in summarise(replay(stream), metric)}

    assert (rows["default"].gain or 0) > 0.5 * (rows["every"].gain or 1) > 0


def test_a_quiet_regression_is_left_alone() -> None:
    default = replay(make_world(12, metric="rmse")).policies["default"]

    assert default.alarms == ()
    assert default.cost <= 0.2


# Broken batches


@pytest.mark.parametrize("delay", [0, 1])
def test_a_broken_batch_is_held_and_never_learnt_from(
    asked: type[RecordingModels], delay: int
) -> None:
    stream = make_world(10, broken=[2], turns_at=4, label_delay=delay)

    result = replay(stream, policies=["default"])

    default = result.policies["default"]
    assert default.quarantined == (2,)
    assert 2 not in fitted(default)
    late = [key for key in asked.asked if key.held]
    assert late
    held = stream.rows(2)
    for key in late:
        rows = Models(stream).training_rows(key)
        assert key.held == {2}
        assert not np.any((rows >= held.start) & (rows < held.stop))
        assert rows.size == round(HISTORY * key.fraction)


def test_every_fit_after_a_broken_batch_leaves_it_out(asked: type[RecordingModels]) -> None:
    result = replay(make_world(10, broken=[2], turns_at=4), policies=["default"])

    later = {(fit.batch + 1, fit.fraction) for fit in result.policies["default"].fits}
    without = {(key.edge, key.fraction) for key in asked.asked if key.held}
    assert without == {fit for fit in later if fit[0] > 2}


def test_what_goes_on_for_too_long_is_learnt_from_again(asked: type[RecordingModels]) -> None:
    broken = list(range(2, 9))
    stream = make_world(10, broken=broken, turns_at=6)

    result = replay(stream, policies=["default"])

    default = result.policies["default"]
    assert default.quarantined == tuple(broken[:HOLD_BATCHES])
    after = [fit.batch for fit in default.fits if fit.batch > broken[0]]
    assert after
    assert min(after) >= broken[0] + HOLD_BATCHES
    assert not [key for key in asked.asked if key.held]


def test_the_plain_policies_look_at_no_data_and_hold_nothing() -> None:
    result = replay(make_world(5, broken=[2]))

    assert {name for name, run in result.policies.items() if run.quarantined} == {
        "default",
        "thresholds",
    }
