"""The JSON schema for editors."""

import subprocess
import sys
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from evergreen.spec.schema import json_schema, schema_text

MODELS = Path(__file__).parents[3] / "include" / "models"
SCHEMA_FILE = "model.schema.json"
MINIMAL = {
    "name": "flights",
    "owner": "ops",
    "schedule": "@daily",
    "landing": {"uri": "file:///a"},
    "labels": {"uri": "file:///b"},
    "data": {
        "key": "id",
        "time_column": "t",
        "target": "y",
        "features": [{"name": "x", "kind": "numeric"}],
    },
}


def test_the_committed_schema_is_up_to_date() -> None:
    committed = (MODELS / SCHEMA_FILE).read_text(encoding="utf-8")

    assert committed == schema_text(), "run: evergreen spec schema > include/models/" + SCHEMA_FILE


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_schema_takes_a_spec_and_refuses_unknown_keys() -> None:
    jsonschema.validate(MINIMAL, json_schema())

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**MINIMAL, "drift": {"treshold": 1}}, json_schema())


def test_loading_a_spec_stays_light() -> None:
    code = (
        "import sys, evergreen.spec.loader;"
        "print([m for m in ('pandas','numpy','pyarrow','airflow','mlflow','sqlalchemy')"
        " if m in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
