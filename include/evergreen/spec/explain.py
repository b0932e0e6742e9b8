"""Pydantic's errors about a spec, as sentences that say what to type instead."""

import re
import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from evergreen.spec.problems import Problem, dotted
from evergreen.spec.yaml_strict import Document, Path

WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
BOUNDS = (("gt", "above"), ("ge", "at least"), ("lt", "below"), ("le", "at most"))
SECRETIVE = ("alerts", "landing", "labels")  # what came is not repeated: it may be a credential
RENAMED = {"policy.incidents": "excluded_spans"}  # keys of earlier versions
WRONG_TYPE = ("_type", "_parsing", "int_from_float", "_parsing_size")


def explain(error: ValidationError, root: type[BaseModel], document: Document) -> list[Problem]:
    """Return one problem for each finding, with the line of the document that it is about."""
    return [
        Problem(_text(found, root), dotted(found["loc"]), document.line_of(found["loc"]))
        for found in error.errors(include_url=False)
        if not (found["type"] == "too_short" and found["input"])  # only its entries are wrong
    ]


def _text(found: ErrorDetails, root: type[BaseModel]) -> str:
    match found["type"]:
        case "extra_forbidden":
            text = _unknown_key(found["loc"], root)
        case "missing":
            text = _missing_key(found["loc"], root)
        case "value_error":
            text = str(found.get("ctx", {}).get("error", found["msg"]))
        case "too_short":
            text = "the list is empty; it needs at least one entry"
        case "literal_error" if found["input"] is not None:
            near = _near(found["input"], found["ctx"])
            text = f"{_came(found)}{near} it is one of {found['ctx']['expected']}"
        case _:
            text = _wrong_value(found, allowed_at(found["loc"], root))
    return text


def _missing_key(loc: Path, root: type[BaseModel]) -> str:
    field = _field_at(loc, root)
    about = f" ({field.description.rstrip('.')})" if field and field.description else ""
    return f"is required and missing; add it with {allowed_at(loc, root) or 'a value'}{about}"


def _wrong_value(found: ErrorDetails, allowed: str) -> str:
    if found["input"] is None:
        return f"has no value; remove the key, or give it {allowed or 'one'}"
    if allowed:
        return f"{_came(found)} expected {allowed}"
    return f"{_came(found)} {found['msg'][0].lower()}{found['msg'][1:]}"


def _came(found: ErrorDetails) -> str:
    value, loc = found["input"], found["loc"]
    if loc and loc[0] in SECRETIVE and not isinstance(value, bool | int | float):
        return "is not usable;"
    if isinstance(value, dict | list):
        return f"got {'a section of keys' if isinstance(value, dict) else 'a list'};"
    shown = _as_yaml(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."  # noqa: PLR2004 - one line
    is_text_where_not_wanted = isinstance(value, str) and found["type"].endswith(WRONG_TYPE)
    return f"got {shown}{', which is text here' if is_text_where_not_wanted else ''};"


def _as_yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _near(value: Any, context: Mapping[str, Any]) -> str:
    choices = re.findall("'([^']*)'", str(context["expected"]))
    near = get_close_matches(str(value), choices, n=1)
    return f" did you mean {near[0]!r}?" if near else ""


def _unknown_key(loc: Path, root: type[BaseModel]) -> str:
    key, section = str(loc[-1]), _model_at(loc[:-1], root)
    if dotted(loc) in RENAMED:
        return f"unknown key {key!r}; it is called {RENAMED[dotted(loc)]!r} now: rename it"
    allowed = list(section.model_fields) if section else []
    if key == "<<":
        return "merge keys ('<<') are not read; write the keys out"
    near = get_close_matches(key.lower().replace("-", "_"), allowed, n=1)
    if near:
        return f"unknown key {key!r}; did you mean {near[0]!r}?"
    elsewhere = [path for path in _all_keys(root) if path[-1] == key and path[:-1] != loc[:-1]]
    if elsewhere:
        return f"unknown key {key!r} here; it belongs at {dotted(elsewhere[0])!r}"
    if section and section.__name__ == "BoosterParams":
        return (
            f"{key!r} is not a LightGBM parameter that a spec may set; it may set"
            f" {', '.join(allowed)}"
        )
    return f"unknown key {key!r}; allowed here: {', '.join(allowed)}"


def allowed_at(path: Path, root: type[BaseModel]) -> str:
    """Return what the key at ``path`` may hold, such as ``a number above 0 and at most 1``.

    Empty where the path is no key of the spec, or its type has no short name.
    """
    field = _field_at(path, root)
    if field is None:
        return ""
    words = _type_words(field.annotation)
    limits = " and ".join(_limits([*field.metadata, *_inner_metadata(field.annotation)]))
    if not words:
        return ""
    default = field.default
    is_shown = default not in (PydanticUndefined, None, "") and not isinstance(default, BaseModel)
    return ", ".join(part for part in (words, limits) if part) + (
        f" (default {_as_yaml(default)})" if is_shown else ""
    )


def _type_words(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        annotation = get_args(annotation)[0]
        origin = get_origin(annotation)
    if annotation in WORDS:
        return WORDS[annotation]
    if origin is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(annotation))
    if origin in (Union, types.UnionType):
        return _type_words(next(arg for arg in get_args(annotation) if arg is not type(None)))
    if origin is tuple:
        return "a list ('- ...' lines)"
    if origin is dict or _is_model(annotation):
        return "a section ('key: value' lines, indented)"
    return ""


def _inner_metadata(annotation: Any) -> list[Any]:
    """Return the limits of a key that may also be left empty: they stand on the type inside."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return []
    fields = [field for arg in get_args(annotation) for field in getattr(arg, "__metadata__", ())]
    return [rule for field in fields for rule in getattr(field, "metadata", ())]


def _limits(metadata: list[Any]) -> Iterator[str]:
    for rule in metadata:
        for name, words in BOUNDS:
            limit = getattr(rule, name, None)
            if limit is not None:
                yield f"{words} {limit}"
        if getattr(rule, "max_length", None) is not None:
            yield f"of at most {rule.max_length} characters"
        if getattr(rule, "pattern", None) is not None:
            yield f"matching {rule.pattern}"


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _field_at(path: Path, root: type[BaseModel]) -> FieldInfo | None:
    if not path:
        return None
    section = _model_at(path[:-1], root)
    return section.model_fields.get(str(path[-1])) if section else None


def _model_at(path: Path, root: type[BaseModel]) -> type[BaseModel] | None:
    here: Any = root
    for part in path:
        if isinstance(part, int):
            here = get_args(here)[0] if get_origin(here) is tuple else None
        elif _is_model(here) and part in here.model_fields:
            here = here.model_fields[part].annotation
        else:
            return None
    return here if _is_model(here) else None


def _all_keys(root: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    for name, field in root.model_fields.items():
        yield (*above, name)
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _all_keys(annotation, (*above, name))
