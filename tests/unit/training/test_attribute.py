from typing import Any

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import SchemaError, TrainingTimeoutError
from evergreen.spec.model import Feature
from evergreen.training.attribute import attribute, mean_contributions, sample_places
from evergreen.training.fit import fit
from evergreen.training.process import run_child


def told(got: Any) -> dict[str, float]:
    table = pq.read_table(got.path)
    return dict(zip(table["feature"].to_pylist(), table["contribution"].to_pylist(), strict=True))


def test_the_features_that_tell_the_label_move_the_scores_most(workshop: Any) -> None:
    fitted = fit(workshop.fit_job())

    got = attribute(workshop.score_job(sha256=fitted.sha256, attribute_rows=200))

    moved = told(got)
    assert got.n_rows == 200
    assert next(iter(moved)) == "distance"
    assert set(moved) == {"distance", "hour", "is_hub", "carrier"}
    assert moved["carrier"] > moved["hour"]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_contributions_and_the_expected_score_add_up_to_the_raw_score(n_classes: int) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 3))
    labels = np.digitize(rows[:, 0], [0.0] if n_classes == 2 else [-0.5, 0.5])
    kind = {"objective": "binary"}
    if n_classes > 2:
        kind = {"objective": "multiclass", "num_class": str(n_classes)}
    params = {**kind, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(rows, label=labels), 5)
    raw = np.asarray(booster.predict(rows, pred_contrib=True))
    n_outputs = 1 if n_classes == 2 else n_classes

    means = mean_contributions(raw, n_features=3)

    by_class = raw.reshape(400, n_outputs, 4)
    scores = np.asarray(booster.predict(rows, raw_score=True)).reshape(400, n_outputs)
    np.testing.assert_allclose(by_class.sum(axis=2), scores, atol=1e-9)
    np.testing.assert_allclose(means, np.abs(by_class[:, :, :3]).mean(axis=0).sum(axis=0))
    assert means[0] > 10 * means[1]


def test_the_same_rows_are_taken_each_time_and_never_more_than_there_are() -> None:
    few, again, other = (sample_places(1000, 50, seed=seed) for seed in (1, 1, 2))
    whole = sample_places(30, 50, seed=1)

    assert few.tolist() == again.tolist() == sorted(set(few.tolist()))
    assert few.tolist() != other.tolist()
    assert whole.tolist() == list(range(30))


def test_features_are_told_by_the_names_of_the_spec(workshop: Any) -> None:
    name = "<b>|`distance`"
    table = workshop.table(**{name: pa.array(np.arange(600) % 11)})
    features = (Feature(name=name, kind="numeric"), Feature(name="distance", kind="numeric"))
    fitted = fit(workshop.fit_job(table, features=features))

    job = workshop.score_job(table, sha256=fitted.sha256, features=features, attribute_rows=100)

    assert set(told(attribute(job))) == {name, "distance"}


def test_a_child_explains_and_is_killed_at_its_limit(workshop: Any) -> None:
    fitted = fit(workshop.fit_job())
    job = workshop.score_job(sha256=fitted.sha256, attribute_rows=200)
    body = "    import time\n    time.sleep(600)\n    return frame\n"
    slow = job.model_copy(update={"features_file": workshop.features_file(body)})

    in_child = run_child(job, time_limit_seconds=120)

    assert told(in_child) == told(attribute(job))
    with pytest.raises(TrainingTimeoutError, match="limit of 3 s"):
        run_child(slow, time_limit_seconds=3)


def test_rows_that_do_not_fit_the_model_are_refused(workshop: Any) -> None:
    fitted = fit(workshop.fit_job())
    features = (Feature(name="distance", kind="numeric"),)

    with pytest.raises(SchemaError, match="which the spec does not list"):
        attribute(workshop.score_job(sha256=fitted.sha256, features=features, attribute_rows=10))
