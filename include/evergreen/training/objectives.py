"""Which LightGBM objective a task has, and how a model file says it."""

from typing import Any

from evergreen.training.jobs import Rows

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}
MADE_FOR = {
    "binary": "a binary classifier",
    "multiclass": "a classifier of {n_classes} classes",
    "regression": "a regression",
}


def objective_of(job: Rows) -> dict[str, Any]:
    """Return the parameters that say what LightGBM minimises: a log loss, or the squared error."""
    found: dict[str, Any] = {"objective": OBJECTIVES[job.task]}
    return found | {"num_class": job.n_classes} if job.task == "multiclass" else found


def written_objective(job: Rows) -> str:
    """Return how a model file begins to say its objective."""
    classes = f" num_class:{job.n_classes}" if job.task == "multiclass" else ""
    return f"{OBJECTIVES[job.task]}{classes}"


def scores_a_row(job: Rows) -> int:
    """Return how many scores the job's model makes of a row: one, or one for each class."""
    return job.n_classes if job.task == "multiclass" else 1


def kind_of_model(job: Rows) -> str:
    """Say in words which model the job works with."""
    return MADE_FOR[job.task].format(n_classes=job.n_classes)
