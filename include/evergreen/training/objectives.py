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
    """Give the parameters that say what LightGBM minimises: a log loss, or the squared error."""
    found: dict[str, Any] = {"objective": OBJECTIVES[job.task]}
    return found | {"num_class": job.n_classes} if job.task == "multiclass" else found


def objective_line(job: Rows) -> str:
    """Give how the line of a model file begins that names the objective."""
    classes = f" num_class:{job.n_classes}" if job.task == "multiclass" else ""
    return f"\nobjective={OBJECTIVES[job.task]}{classes}"


def kind_of_model(job: Rows) -> str:
    """Say in words which model the job works with."""
    return MADE_FOR[job.task].format(n_classes=job.n_classes)
