"""The API's OpenAPI schema, and a page that shows it without a script from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from evergreen.records import Json
from evergreen.web.pages.layout import TemplateValues, render

router = APIRouter(include_in_schema=False)


class Parameter(NamedTuple):
    """One parameter of an operation; ``place`` is ``path`` or ``query``."""

    name: str
    place: str
    kind: str
    is_required: bool
    default: str
    text: str


class Operation(NamedTuple):
    """One operation of the API; ``answer`` is the type that it returns."""

    method: str
    path: str
    text: str
    parameters: tuple[Parameter, ...]
    answer: str


class Field(NamedTuple):
    """One field of a record."""

    name: str
    kind: str
    text: str


class Schema(NamedTuple):
    """One record of an answer."""

    name: str
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, kw_only=True)
class DocsValues(TemplateValues):
    """The values of the API's page."""

    template: ClassVar[str] = "docs.html"
    here: str = "docs"
    operations: tuple[Operation, ...]
    schemas: tuple[Schema, ...]


@router.get("/openapi.json")
def show_schema(request: Request) -> JSONResponse:
    """Return the API as an OpenAPI schema."""
    return JSONResponse(schema_of(request))


@router.get("/docs")
def show_docs(request: Request) -> HTMLResponse:
    """Show the API: operations, parameters and records."""
    schema = schema_of(request)
    values = DocsValues(operations=tuple(operations_of(schema)), schemas=tuple(schemas_of(schema)))
    return render(request, values)


def schema_of(request: Request) -> Json:
    """Return the application's OpenAPI schema, with its address."""
    made: Json = request.app.openapi()
    return {**made, "servers": [{"url": str(request.scope.get("root_path", ""))}]}


def operations_of(schema: Json) -> Iterator[Operation]:
    """Return the operations in the order of the schema."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield Operation(
                method=method.upper(),
                path=path,
                text=operation.get("description", operation.get("summary", "")),
                parameters=tuple(map(_parameter, operation.get("parameters", ()))),
                answer=_answer(operation),
            )


def schemas_of(schema: Json) -> Iterator[Schema]:
    """Return the records of the answers, sorted by name."""
    for name, found in sorted(schema.get("components", {}).get("schemas", {}).items()):
        fields = tuple(
            Field(key, kind_of(part), part.get("description", ""))
            for key, part in found.get("properties", {}).items()
        )
        yield Schema(name, found.get("description", ""), fields)


def kind_of(part: Json) -> str:
    """Return the type of a part of the schema in words: ``number or null``, ``list of Point``."""
    if "$ref" in part:
        return str(part["$ref"]).rsplit("/", 1)[-1]
    for key in ("anyOf", "oneOf"):
        if key in part:
            return " or ".join(dict.fromkeys(kind_of(one) for one in part[key]))
    if "enum" in part:
        return " or ".join(repr(value) for value in part["enum"])
    if "const" in part:
        return repr(part["const"])
    kind = part.get("type", "anything")
    if kind == "array":
        return f"list of {_items(part)}"
    return str(part.get("format", kind) if kind == "string" else kind)


def _items(part: Json) -> str:
    fixed = part.get("prefixItems")
    if fixed:
        return ", ".join(kind_of(one) for one in fixed)
    return kind_of(part.get("items", {}))


def _parameter(found: Json) -> Parameter:
    schema: dict[str, Any] = found.get("schema", {})
    return Parameter(
        name=found["name"],
        place=found["in"],
        kind=kind_of(schema),
        is_required=bool(found.get("required")),
        default=str(schema.get("default", "")),
        text=found.get("description", schema.get("description", "")),
    )


def _answer(operation: Json) -> str:
    content = operation.get("responses", {}).get("200", {}).get("content", {})
    return kind_of(next(iter(content.values()))["schema"]) if content else ""
