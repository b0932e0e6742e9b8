"""What the scheduler of the embedded services imports once, before it forks its tasks.

A task of the LocalExecutor is a fork of the scheduler. Without this each task imports Evergreen's
libraries again, which takes most of its time; on two cores that is half the time of the demo.
"""

import importlib
import pkgutil

import evergreen

# Airflow imports the module of this name in its home's ``config`` folder when it starts.
SETTINGS_FILE = "config/airflow_local_settings.py"
SETTINGS = f'''\
"""Written by Evergreen's embedded services; see {__name__}."""

import sys

if "scheduler" in sys.argv:
    from {__name__} import preload

    preload()
'''
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
# These import Airflow, which is starting, or are no part of a task.
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
