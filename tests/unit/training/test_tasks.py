"""Fitting and scoring for each task: two classes, several classes, numbers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import DataError, ModelFileError, TrainingError
from evergreen.spec.model import Task
from evergreen.training.files import text_sha256
from evergreen.training.fit import fit
from evergreen.training.score import score
from evergreen.training.scores import check_scores, to_array, to_column

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def scored(workshop: Any, made_for: Task, **asked: Any) -> tuple[Any, pa.Table]:
    """Fit a task's model and score what it learnt from; give the result and its table."""
    job = workshop.job_of(made_for)
    model = fit(job)
    fields = {"files": job.files, "task": made_for, "n_classes": 3, "keep_columns": ("late",)}
    got = score(workshop.score_job(sha256=model.sha256, **{**fields, **asked}))
    return got, pq.read_table(got.path)


def test_several_classes_get_a_probability_each(workshop: Any) -> None:
    got, table = scored(workshop, "multiclass")

    scores, late = to_array(table["score"]), table["late"].to_numpy()
    assert (got.n_rows, scores.shape) == (600, (600, 3))
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert (scores.argmax(axis=1) == late).mean() > 0.9
    assert 0 < got.predict_seconds < got.seconds


def test_a_regression_gives_numbers_in_the_unit_of_the_labels(workshop: Any) -> None:
    got, table = scored(workshop, "regression")

    scores, late = to_array(table["score"]), table["late"].to_numpy()
    assert (got.n_rows, scores.shape) == (600, (600,))
    assert np.corrcoef(scores, late)[0, 1] > 0.9
    assert abs(scores.mean() - late.mean()) < 1


@pytest.mark.parametrize("task", TASKS)
def test_the_same_rows_give_the_same_file_for_every_task(workshop: Any, task: Task) -> None:
    first, again = (fit(workshop.job_of(task)) for _ in range(2))

    assert first.sha256 == again.sha256
    assert (first.n_positive is None) == (task != "binary")


@pytest.mark.parametrize(
    ("made_for", "asked", "says"),
    [
        pytest.param("binary", {"task": "multiclass"}, "a classifier of 3 classes", id="binary"),
        pytest.param("multiclass", {"n_classes": 4}, "a classifier of 4 classes", id="3 of 4"),
        pytest.param("multiclass", {"task": "regression"}, "of a regression", id="classes"),
        pytest.param("regression", {"task": "binary"}, "a binary classifier", id="numbers"),
    ],
)
def test_a_model_of_another_task_is_refused(
    workshop: Any, made_for: Task, asked: dict[str, Any], says: str
) -> None:
    with pytest.raises(ModelFileError, match=f"not a whole LightGBM text model of .*{says[-9:]}"):
        scored(workshop, made_for, **asked)


def test_a_file_that_lies_about_its_task_is_refused(workshop: Any) -> None:
    job = workshop.job_of("regression")
    text = fit(job).path.read_bytes() + b"\nobjective=multiclass num_class:3\n"
    job.output.write_bytes(text)
    asked = workshop.score_job(sha256=text_sha256(text), task="multiclass", n_classes=3)

    with pytest.raises(ModelFileError, match="the objective is not multiclass num_class:3"):
        score(asked)


@pytest.mark.parametrize(
    ("task", "late", "error", "words"),
    [
        pytest.param(
            "multiclass",
            np.arange(600) % 4,
            DataError,
            "150 of 600 .* no class from 0 to 2, first 3",
            id="a fourth class",
        ),
        pytest.param(
            "multiclass", np.arange(600) % 3 - 0.5, DataError, "no class from 0 to 2", id="halves"
        ),
        pytest.param(
            "multiclass", np.ones(600), TrainingError, "all 600 .* at least two", id="one class"
        ),
        pytest.param(
            "regression",
            np.r_[np.inf, np.arange(599)],
            DataError,
            "1 of 600 .* not finite",
            id="infinity",
        ),
        pytest.param(
            "regression",
            np.full(600, 2.5),
            TrainingError,
            "are 2.5; .* labels that differ",
            id="all the same",
        ),
        pytest.param(
            "regression",
            np.r_[np.nan, np.arange(599)],
            TrainingError,
            "1 of 600 .* missing",
            id="missing",
        ),
        pytest.param(
            "regression", ["7"] * 600, DataError, "is string, expected numbers", id="text"
        ),
    ],
)
def test_labels_that_do_not_fit_the_task_are_refused(
    workshop: Any, task: Task, late: Any, error: type[Exception], words: str
) -> None:
    table = workshop.table(late=pa.array(late))

    with pytest.raises(error, match=words):
        fit(workshop.fit_job(table, task=task, n_classes=3))


def test_a_class_that_the_window_lacks_may_come_later(workshop: Any) -> None:
    model = fit(workshop.fit_job(task="multiclass", n_classes=5))

    got = score(workshop.score_job(sha256=model.sha256, task="multiclass", n_classes=5))

    assert to_array(pq.read_table(got.path)["score"]).shape == (600, 5)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 3), (0, 3)])
def test_scores_come_back_from_a_file_as_they_were(workshop: Any, shape: tuple[int, ...]) -> None:
    scores = np.random.default_rng(1).random(shape)
    file = workshop.folder / "log.parquet"
    pq.write_table(pa.table({"prediction": to_column(scores)}), file)

    read = pq.read_table(file)["prediction"]

    np.testing.assert_array_equal(to_array(read), scores)
    np.testing.assert_array_equal(to_array(read.slice(2, 3)), scores[2:5])


def test_a_row_without_probabilities_is_told() -> None:
    column = pa.array([[0.5, 0.5], None], pa.list_(pa.float64(), 2))

    with pytest.raises(DataError, match="1 of 2 predictions are missing"):
        to_array(column)


@pytest.mark.parametrize(
    ("task", "scores", "says"),
    [
        pytest.param("multiclass", [[0.5, 0.6], [0.5, 0.5]], "add up to 1", id="sum"),
        pytest.param("multiclass", [[1.5, -0.5], [0.5, 0.5]], "add up to 1", id="range"),
        pytest.param("regression", [np.nan, 1e9], "not finite", id="missing"),
        pytest.param("binary", [1.5, 0.5], "not probabilities", id="binary"),
    ],
)
def test_scores_that_no_sound_model_gives_are_refused(
    workshop: Any, task: Task, scores: Any, says: str
) -> None:
    job = workshop.score_job(sha256="0" * 64, task=task)

    with pytest.raises(ModelFileError, match=f"1 of 2 scores .*{says}"):
        check_scores(job, np.array(scores))
