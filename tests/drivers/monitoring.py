"""What dashboards and rules may name: our exposition, Airflow's mapping, and recorded metrics."""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from drivers.promql import OF_ALERTS, Known, labels_of
from evergreen.web.metrics.exposition import EXPORTED

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "airflow."
# What Grafana fills in before it asks Prometheus.
VARIABLES = {"$__rate_interval": "5m", "$__range": "1d", "$__interval": "1m"}


class Query(NamedTuple):
    """One expression, where it stands, and what is written about its result."""

    place: str
    expression: str
    text: str


def rules() -> list[dict[str, Any]]:
    """Return all rules, in the order in which they are evaluated."""
    loaded = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """Return the rules that alert."""
    return [rule for rule in rules() if "alert" in rule]


def dashboard() -> dict[str, Any]:
    """Return Grafana's dashboard."""
    loaded: dict[str, Any] = json.loads((ROOT / "deploy/grafana/evergreen.json").read_text())
    return loaded


def mappings() -> list[dict[str, Any]]:
    """Return what becomes of Airflow's StatsD metrics; the last one drops the rest."""
    loaded = yaml.safe_load((ROOT / "deploy/statsd/mapping.yml").read_text())
    found: list[dict[str, Any]] = loaded["mappings"]
    return found


def airflow_registry() -> dict[str, dict[str, Any]]:
    """Return the metrics that the installed Airflow knows, by name."""
    spec = find_spec("airflow._shared.observability.metrics")
    assert spec is not None
    assert spec.origin is not None
    text = (Path(spec.origin).parent / "metrics_template.yaml").read_text()
    return {metric["name"]: metric for metric in yaml.safe_load(text)["metrics"]}


def known_metrics() -> Known:
    """Return the labels of every metric that dashboards and rules may name."""
    known = {metric.name: frozenset(metric.labels) for metric in EXPORTED}
    known |= {"up": frozenset(), "ALERTS": OF_ALERTS}
    registry = airflow_registry()
    for mapping in mappings()[:-1]:
        tags = registry[mapping["match"].removeprefix(PREFIX)]["name_variables"]
        known[mapping["name"]] = frozenset(tags) | frozenset(mapping.get("labels", ()))
    for rule in rules():
        if "record" in rule:
            known[rule["record"]] = labels_of(rule["expr"], known)
    return known


def queries() -> Iterator[Query]:
    """Return every expression of the rules and of the dashboard."""
    for rule in rules():
        labels = json.dumps(rule.get("annotations", {}))
        yield Query(rule.get("record") or rule["alert"], rule["expr"], labels)
    board = dashboard()
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Query(panel["title"], filled(target["expr"]), target["legendFormat"])
    for note in board["annotations"]["list"]:
        yield Query(note["name"], filled(note["expr"]), note["titleFormat"])


def filled(expression: str) -> str:
    """Return an expression of Grafana with its time variables filled in."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def anchors(page: Path) -> set[str]:
    """Return what a link into a Markdown page may name."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
