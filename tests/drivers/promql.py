"""Which metrics and labels a PromQL expression names, and which labels its result has."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql

ALWAYS = frozenset({"job", "instance"})
OF_ALERTS = frozenset({"alertname", "alertstate", "severity", "model", "slo", "window"})
HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
SET_OPERATORS = ("and", "or", "unless")
KEEPING = ("topk", "bottomk")

Known = Mapping[str, frozenset[str]]


class UnknownNameError(Exception):
    """An expression names a metric or a label that nothing exports."""


def labels_of(expression: str, known: Known) -> frozenset[str]:
    """Return the labels of an expression's result.

    Args:
        expression: PromQL; variables of Grafana are filled in already.
        known: Labels by metric; Prometheus' own ``job`` and ``instance`` go without saying.

    Raises:
        UnknownNameError: It names what is not there.
        ValueError: It cannot be parsed.
    """
    return _labels(promql.parse(expression), known)


def _labels(node: Any, known: Known) -> frozenset[str]:
    match type(node).__name__:
        case "VectorSelector":
            found = _of_selector(node, known)
        case "MatrixSelector":
            found = _of_selector(node.vector_selector, known)
        case "AggregateExpr":
            found = _of_aggregate(node, known)
        case "BinaryExpr":
            found = _of_binary(node, known)
        case "Call":
            found = frozenset[str]().union(*(_labels(arg, known) for arg in node.args))
            found -= {"le"} if node.func.name == "histogram_quantile" else set()
        case "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            found = _labels(node.expr, known)
        case _:
            found = frozenset()  # a number or a string
    return found


def _of_selector(node: Any, known: Known) -> frozenset[str]:
    base = HISTOGRAM.sub("", node.name)
    name = node.name if node.name in known else base
    if name not in known:
        raise UnknownNameError(f"metric {node.name}")
    labels = known[name] | ALWAYS | ({"le"} if node.name.endswith("_bucket") else frozenset())
    for matcher in node.matchers.matchers:
        _check(matcher.name, labels, node)
    return labels


def _of_aggregate(node: Any, known: Known) -> frozenset[str]:
    inner = _labels(node.expr, known)
    if str(node.op).split()[0] in KEEPING:
        return inner
    if node.modifier is None:
        return frozenset()
    named = frozenset(node.modifier.labels)
    for name in named:
        _check(name, inner, node)
    is_by = node.modifier.type == promql.AggModifierType.By
    return named if is_by else inner - named


def _of_binary(node: Any, known: Known) -> frozenset[str]:
    left, right = _labels(node.lhs, known), _labels(node.rhs, known)
    if _is_scalar(node.lhs):
        return right
    if _is_scalar(node.rhs) or str(node.op).split()[0] in SET_OPERATORS:
        return left
    taken_over = (node.modifier.group_labels or ()) if node.modifier else ()
    return left | frozenset(taken_over) if taken_over else left & right


def _is_scalar(node: Any) -> bool:
    match type(node).__name__:
        case "NumberLiteral":
            return True
        case "Call":
            return node.func.name in ("time", "scalar")
        case "BinaryExpr":
            return _is_scalar(node.lhs) and _is_scalar(node.rhs)
        case "ParenExpr" | "UnaryExpr":
            return _is_scalar(node.expr)
    return False


def _check(name: str, labels: frozenset[str], node: Any) -> None:
    if name not in labels:
        raise UnknownNameError(f"label {name} in {node}, which has {', '.join(sorted(labels))}")


def placeholders(text: str) -> Iterator[str]:
    """Return the labels that a template names, of an alert or of a legend of Grafana."""
    yield from re.findall(r"\$labels\.(\w+)", text)
    yield from re.findall(r"\{\{\s*(\w+)\s*\}\}", text)
