import time
from dataclasses import replace

import numpy as np
import pytest

from builders.worlds import HISTORY, make_world
from evergreen.backtest.engine.models import ModelKey, Models

SIZE = 150


def test_a_model_learns_from_the_newest_share_of_its_window() -> None:
    models = Models(make_world())

    full, quarter = models.training_rows(ModelKey(2)), models.training_rows(ModelKey(2, 0.25))

    end = HISTORY + 2 * SIZE
    assert full.tolist() == list(range(end - HISTORY, end))
    assert quarter.tolist() == list(range(end - HISTORY // 4, end))


@pytest.mark.parametrize("fraction", [0.25, 1.0])
def test_older_rows_take_the_place_of_held_batches(fraction: float) -> None:
    stream = make_world()
    models = Models(stream)

    rows = models.training_rows(ModelKey(4, fraction, frozenset({1, 3})))

    assert rows.size == round(HISTORY * fraction)
    assert rows.max() == stream.rows(2).stop - 1
    for batch in (1, 3):
        held = stream.rows(batch)
        assert not np.any((rows >= held.start) & (rows < held.stop))
    assert (np.diff(rows) > 0).all()


def test_where_nothing_older_is_left_fewer_rows_are_learnt_from() -> None:
    models = Models(make_world())

    rows = models.training_rows(ModelKey(1, 1.0, frozenset({0})))

    assert rows.tolist() == list(range(HISTORY))


def test_a_model_never_learns_from_what_comes_after_its_edge() -> None:
    stream = make_world(4)

    for edge in range(4):
        rows = Models(stream).training_rows(ModelKey(edge))
        assert rows.max() < stream.edges[edge]


def test_versions_tell_models_apart() -> None:
    keys = [ModelKey(3), ModelKey(3, 0.5), ModelKey(3, 1.0, frozenset({1, 2})), ModelKey(4)]

    assert [key.version for key in keys] == ["3@1", "3@0.5", "3@1-1-2", "4@1"]


def test_the_scores_of_a_model_are_those_of_its_rows_alone() -> None:
    stream = make_world(4)
    later = stream.matrix.copy()
    later[stream.edges[2] :] = 0
    changed = replace(stream, matrix=later)

    ours, theirs = (Models(one).scores(ModelKey(1), 1) for one in (stream, changed))

    assert np.array_equal(ours, theirs)


def test_two_threads_give_the_same_models() -> None:
    keys = [ModelKey(0), ModelKey(1)]
    found, fitted = [], 0

    def count() -> None:
        nonlocal fitted
        fitted += 1

    for jobs in (1, 2):
        models = Models(make_world(3))
        models.fit_all(keys, jobs=jobs, on_fit=count)
        found.append([models.scores(key, 2) for key in keys])

    assert fitted == 4
    assert np.array_equal(found[0], found[1])


def test_after_a_stop_what_has_not_begun_is_not_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    models, begun = Models(make_world()), []

    def fit(key: ModelKey) -> None:
        begun.append(key)
        time.sleep(0.05)

    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_fit", fit)
    with pytest.raises(KeyboardInterrupt):
        models.fit_all([ModelKey(edge) for edge in range(100)], jobs=1, on_fit=stop)

    assert 1 <= len(begun) < 100


def test_a_gain_is_what_the_other_loses() -> None:
    models = Models(make_world(6, turns_at=2))
    before, after = ModelKey(0), ModelKey(5)

    gain, loss = models.gain(after, before, 5), models.gain(before, after, 5)

    assert gain is not None
    assert loss is not None
    assert gain[0] > 0.5
    assert gain == pytest.approx((-loss[0], loss[1]))


def test_a_batch_of_one_class_has_neither_metric_nor_gain() -> None:
    stream = make_world(3)
    target = stream.target.copy()
    target[stream.rows(1)] = 1
    models = Models(replace(stream, target=target))

    assert models.estimate(ModelKey(0), 1).value is None
    assert models.gain(ModelKey(1), ModelKey(0), 1) is None
    assert models.estimate(ModelKey(0), 0).value is not None


def test_many_classes_have_a_probability_each_where_the_metric_needs_it() -> None:
    models = Models(make_world(3, n_classes=4, metric="log_loss"))

    scores = models.scores(ModelKey(0), 1)

    assert scores.shape == (SIZE, 4)
    assert (scores.argmax(axis=1) == models.truth(1)).mean() > 0.4


def test_a_regression_predicts_numbers() -> None:
    models = Models(make_world(3, metric="mae"))

    found = models.estimate(ModelKey(0), 1).value

    assert models.stream.task == "regression"
    assert 4 < (found or 0) < 6


def test_many_classes_are_scored_as_right_and_wrong() -> None:
    stream = make_world(3, n_classes=4, metric="accuracy")
    models = Models(stream)

    right = models.scores(ModelKey(0), 1)

    assert set(right.tolist()) == {0.0, 1.0}
    assert models.truth(1).tolist() == [1] * SIZE
    assert models.estimate(ModelKey(0), 1).value == pytest.approx(right.mean())
    assert right.mean() > 0.4
