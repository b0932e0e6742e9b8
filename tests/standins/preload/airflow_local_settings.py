"""What a scheduler of the tests imports once, before it forks: every task would import it anew.

Airflow imports a module of this name when it starts. On two cores a story of a hundred tasks spends
most of its time with these imports; what production does, without this file, the demo's test does.
"""

import importlib
import pkgutil
import sys

import evergreen

LIBRARIES = (
    "great_expectations",
    "lightgbm",
    "matplotlib.figure",
    "mlflow.tracking",
    "pandas",
    "psycopg2",
    "pyarrow.dataset",
    "s3fs",
    "scipy.stats",
    "slack_sdk",
)
# These import Airflow, which is about to start, or are no part of a task.
NOT_NOW = ("orchestration", "web", "cli", "sandbox")


def preload() -> None:
    """Import what tasks import."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for room in pkgutil.iter_modules(evergreen.__path__, "evergreen."):
        if room.ispkg and room.name.partition(".")[2] not in NOT_NOW:
            package = importlib.import_module(room.name)
            for module in pkgutil.walk_packages(package.__path__, f"{room.name}."):
                importlib.import_module(module.name)


if "scheduler" in sys.argv:
    preload()
