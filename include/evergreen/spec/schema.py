"""The JSON schema of ``model.yaml``, for editors and for pre-commit checks.

``include/models/model.schema.json`` is this schema on disk; an editor finds it by the first line of
a spec: ``# yaml-language-server: $schema=../model.schema.json``.
"""

import json
from typing import Any

from evergreen.spec.model import ModelSpec


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of ``model.yaml``, draft 2020-12."""
    schema = ModelSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Evergreen model spec",
    }


def schema_text() -> str:
    """Return the schema as the text of ``model.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
