from typing import Any

import pytest

from evergreen.web.api.openapi_page import kind_of, operations_of, schemas_of


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        pytest.param({"type": "integer"}, "integer", id="plain"),
        pytest.param({"type": "string", "format": "date-time"}, "date-time", id="format"),
        pytest.param({"$ref": "#/components/schemas/Point"}, "Point", id="record"),
        pytest.param({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null", id="any"),
        pytest.param({"type": "array", "items": {"type": "string"}}, "list of string", id="list"),
        pytest.param(
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]},
            "list of string, number",
            id="tuple",
        ),
        pytest.param({"enum": ["a", "b"]}, "'a' or 'b'", id="choice"),
        pytest.param({"const": ""}, "''", id="one value"),
        pytest.param({}, "anything", id="anything"),
    ],
)
def test_a_type_is_told_in_words(part: dict[str, Any], kind: str) -> None:
    assert kind_of(part) == kind


def test_operations_and_records_are_those_of_the_schema() -> None:
    schema: dict[str, Any] = {
        "paths": {
            "/things": {
                "get": {
                    "description": "Give things.",
                    "parameters": [
                        {
                            "name": "page",
                            "in": "query",
                            "required": False,
                            "schema": {"type": "integer", "default": 1, "description": "From 1."},
                        }
                    ],
                    "responses": {
                        "200": {
                            "content": {
                                "application/json": {"schema": {"$ref": "#/components/schemas/T"}}
                            }
                        }
                    },
                }
            }
        },
        "components": {"schemas": {"T": {"properties": {"n": {"type": "number"}}}}},
    }

    (operation,) = operations_of(schema)
    (record,) = schemas_of(schema)

    assert (operation.method, operation.path, operation.answer) == ("GET", "/things", "T")
    (page,) = operation.parameters
    assert (page.name, page.kind, page.is_required, page.default) == ("page", "integer", False, "1")
    assert page.text == "From 1."
    assert (record.name, record.fields[0].name, record.fields[0].kind) == ("T", "n", "number")
