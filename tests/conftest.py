"""Airflow reads its settings when it is first imported: give it a home of its own before that."""

import os
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="evergreen-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
