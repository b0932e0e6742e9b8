from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import ModelFileError, SchemaError
from evergreen.spec.model import Feature
from evergreen.training.files import text_sha256
from evergreen.training.fit import fit
from evergreen.training.score import score


def test_scores_are_probabilities_that_tell_the_classes_apart(workshop: Any) -> None:
    model = fit(workshop.fit_job())

    got = score(workshop.score_job(sha256=model.sha256, keep_columns=("flight_id", "late")))

    table = pq.read_table(got.path)
    assert table.column_names == ["flight_id", "late", "score"]
    assert got.n_rows == table.num_rows == 600
    scores, late = table["score"].to_numpy(), table["late"].to_numpy()
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert scores[late == 1].mean() > scores[late == 0].mean() + 0.1
    assert table["flight_id"].to_pylist() == list(range(600))


def test_the_same_rows_get_the_same_scores_in_whatever_company(workshop: Any) -> None:
    model = fit(workshop.fit_job())
    table = workshop.table()
    only_ua = table.filter(pa.compute.equal(table["carrier"], "UA"))

    all_rows = pq.read_table(
        score(workshop.score_job(table, sha256=model.sha256, keep_columns=("carrier",))).path
    )
    some = pq.read_table(score(workshop.score_job(only_ua, sha256=model.sha256)).path)

    expected = all_rows.filter(pa.compute.equal(all_rows["carrier"], "UA"))["score"]
    assert some["score"].to_pylist() == expected.to_pylist()


def test_an_unseen_category_scores_like_a_missing_one(workshop: Any) -> None:
    model = fit(workshop.fit_job())
    unseen = workshop.table(carrier=["ZZ"] * 600)
    missing = workshop.table(carrier=pa.array([None] * 600, pa.string()))

    first = pq.read_table(score(workshop.score_job(unseen, sha256=model.sha256)).path)
    second = pq.read_table(score(workshop.score_job(missing, sha256=model.sha256)).path)

    assert first == second


def test_features_may_be_reordered_and_added_after_training(workshop: Any) -> None:
    job = workshop.fit_job()
    model = fit(job)
    more = (Feature(name="flight_id", kind="integer"), *reversed(job.features))

    first = pq.read_table(score(workshop.score_job(sha256=model.sha256)).path)
    second = pq.read_table(score(workshop.score_job(sha256=model.sha256, features=more)).path)

    assert first == second


def test_scoring_needs_no_label_column(workshop: Any) -> None:
    model = fit(workshop.fit_job())

    got = score(workshop.score_job(workshop.table(late=None), sha256=model.sha256))

    assert got.n_rows == 600


def test_users_features_are_built_for_scoring_too(workshop: Any) -> None:
    features = (Feature(name="twice", kind="numeric", derived=True),)
    file = workshop.features_file("    return frame.assign(twice=2 * frame.distance)\n")
    model = fit(workshop.fit_job(features=features, features_file=file))

    job = workshop.score_job(sha256=model.sha256, features=features, features_file=file)

    assert score(job).n_rows == 600


@pytest.mark.parametrize(
    ("features", "words"),
    [
        pytest.param({"hour": None}, "trained with hour, which the spec does not list", id="gone"),
        pytest.param({"carrier": "numeric"}, "carrier is numeric .* was categorical", id="number"),
        pytest.param({"hour": "categorical"}, "hour is categorical .* a number", id="category"),
    ],
)
def test_a_spec_that_left_the_model_behind_is_refused(
    workshop: Any, features: dict[str, Any], words: str
) -> None:
    job = workshop.fit_job()
    model = fit(job)
    changed = tuple(
        Feature(name=f.name, kind=features.get(f.name, f.kind))
        for f in job.features
        if features.get(f.name, "kept") is not None
    )

    with pytest.raises(SchemaError, match=words):
        score(workshop.score_job(sha256=model.sha256, features=changed))


def test_a_model_with_another_hash_is_not_loaded(workshop: Any) -> None:
    model = fit(workshop.fit_job())
    stages: list[str] = []
    model.path.write_bytes(model.path.read_bytes() + b"\n")

    with pytest.raises(ModelFileError, match="not the model that was registered"):
        score(workshop.score_job(sha256=model.sha256), stages.append)

    assert stages == []


@pytest.mark.parametrize("content", [b"", b"tree\n", b"\x80\x04\x95pickle", b"tree\nend of trees"])
def test_what_is_no_model_is_refused_before_lightgbm_sees_it(workshop: Any, content: bytes) -> None:
    (workshop.folder / "model.lgb").write_bytes(content)
    stages: list[str] = []

    with pytest.raises(ModelFileError, match="not a whole LightGBM text model"):
        score(workshop.score_job(sha256=text_sha256(content)), stages.append)

    assert stages == []


def test_a_missing_model_file_is_named(workshop: Any) -> None:
    with pytest.raises(ModelFileError, match=r"model\.lgb cannot be read"):
        score(workshop.score_job(sha256="0" * 64))


def test_a_model_made_elsewhere_is_refused(workshop: Any) -> None:
    import lightgbm as lgb

    rows = np.random.default_rng(1).normal(size=(200, 4))
    names = [feature.name for feature in workshop.fit_job().features]
    booster = lgb.train(
        {"objective": "binary", "verbosity": -1},
        lgb.Dataset(rows, label=rows[:, 0] > 0, feature_name=names, categorical_feature=[3]),
        2,
    )
    text = booster.model_to_string().encode()
    (workshop.folder / "model.lgb").write_bytes(text)

    with pytest.raises(ModelFileError, match="not made by this suite"):
        score(workshop.score_job(sha256=text_sha256(text)))


def test_the_name_score_is_taken(workshop: Any) -> None:
    with pytest.raises(ValueError, match="take that name"):
        score(workshop.score_job(sha256="0" * 64, keep_columns=("score",)))
