"""Rules and dashboard name only what is exported; what they link to is there."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from drivers.monitoring import (
    PREFIX,
    Query,
    airflow_registry,
    alerts,
    anchors,
    dashboard,
    known_metrics,
    mappings,
    queries,
    rules,
)
from drivers.promql import Known, UnknownNameError, labels_of, placeholders
from evergreen.records import Severity
from evergreen.web.metrics.exposition import EXPORTED

PAGE = "docs/observability.md"
IN_AIRFLOW = "{{ $externalLabels.airflow_url }}/evergreen/runbooks/"


@pytest.fixture(scope="module")
def known() -> Known:
    return known_metrics()


@pytest.mark.parametrize("query", list(queries()), ids=lambda query: query.place)
def test_every_query_names_only_what_is_exported(query: Query, known: Known) -> None:
    labels = labels_of(query.expression, known)

    assert set(placeholders(query.text)) <= labels


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        pytest.param("evergreen_batches_overdu > 0", "evergreen_batches_overdu", id="a metric"),
        pytest.param('evergreen_batches_overdue{name="x"}', "name", id="a label that is matched"),
        pytest.param("sum by (owner) (evergreen_batches_overdue)", "owner", id="a label of a sum"),
        pytest.param("sum by (dag_id) (airflow_dag_import_errors)", "dag_id", id="of Airflow"),
        pytest.param("sum by (a) (sum by (model) (evergreen_models_x))", "models_x", id="inside"),
        pytest.param(
            "sum by (owner) (max by (model) (evergreen_model_info))", "owner", id="aggregated away"
        ),
        pytest.param("model:evergreen_late:boolean", "boolean", id="a recorded metric"),
    ],
)
def test_a_wrong_name_is_found(planted: str, what: str, known: Known) -> None:
    with pytest.raises(UnknownNameError, match=what):
        labels_of(planted, known)


def test_a_query_that_cannot_be_parsed_is_found(known: Known) -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        labels_of("sum(evergreen_batches_overdue", known)


@pytest.mark.parametrize("rule", alerts(), ids=lambda r: f"{r['alert']}-{r['labels']['severity']}")
def test_every_alert_says_how_bad_it_is_and_leads_to_a_runbook(
    project: Path, rule: dict[str, Any]
) -> None:
    assert rule["labels"]["severity"] in get_args(Severity)
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    if page != PAGE:
        kind = page.removeprefix(IN_AIRFLOW)
        page = f"include/runbooks/{kind}.md"
    assert anchor in anchors(project / page)


def test_every_alert_of_the_promise_needs_a_long_and_a_short_window() -> None:
    burning = [rule for rule in alerts() if rule["labels"].get("slo") == "freshness"]

    pairs = [re.findall(r"ratio_(\w+) > ([\d.]+) \* 0\.01", rule["expr"]) for rule in burning]
    assert [[window for window, _ in pair] for pair in pairs[:4]] == [
        ["1h", "5m"],
        ["6h", "30m"],
        ["1d", "2h"],
        ["3d", "6h"],
    ]
    assert [[float(limit) for _, limit in pair] for pair in pairs[:4]] == [
        [14.4, 14.4],
        [6, 6],
        [3, 3],
        [1, 1],
    ]
    assert [pair[0][0] for pair in pairs] == [rule["labels"]["window"] for rule in burning]


def test_the_page_lists_every_exported_metric_as_it_is(project: Path) -> None:
    rows = re.findall(r"^\| `(evergreen_\w+)` \| (.*) \| (.*) \|$", read(project), re.MULTILINE)

    assert [(name, re.findall(r"`(\w+)`", labels), text) for name, labels, text in rows] == [
        (metric.name, list(metric.labels), metric.help) for metric in EXPORTED
    ]


def test_every_airflow_variable_of_the_page_is_an_option_of_airflow(project: Path) -> None:
    from airflow.configuration import conf

    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in conf.configuration_description.items()
        for option in content["options"]
    }
    named = set(re.findall(r"\bAIRFLOW__\w+", read(project)))

    assert named
    assert named <= known


def test_the_page_switches_on_what_compose_switches_on(
    project: Path, compose: dict[str, Any]
) -> None:
    told = dict(re.findall(r"^    (AIRFLOW__METRICS__\w+)=(.*)$", read(project), re.MULTILINE))
    del told["AIRFLOW__METRICS__OTEL_ON"]
    environment = compose["x-airflow-environment"]
    given = {key: value for key, value in environment.items() if "__METRICS__" in key}

    assert given.pop("AIRFLOW__METRICS__STATSD_ON") == "${AIRFLOW_STATSD_ON:-False}"
    assert told.pop("AIRFLOW__METRICS__STATSD_ON") == "True"
    assert told == given


def read(project: Path) -> str:
    return (project / PAGE).read_text()


def test_no_metric_is_recorded_twice() -> None:
    names = [rule["record"] for rule in rules() if "record" in rule]

    assert len(names) == len(set(names))


@pytest.mark.skipif(
    not (shutil.which("promtool") or os.environ.get("PROMTOOL")),
    reason="promtool is not installed; `make test-rules` fetches it",
)
def test_the_rules_fire_and_rest_on_made_series(project: Path) -> None:
    promtool = os.environ.get("PROMTOOL") or "promtool"
    test = subprocess.run(
        [promtool, "test", "rules", project / "deploy/prometheus/rules_test.yml"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert test.returncode == 0, test.stdout + test.stderr


@pytest.mark.parametrize("mapping", mappings()[:-1], ids=lambda mapping: mapping["match"])
def test_every_mapped_metric_is_one_that_airflow_sends(mapping: dict[str, Any]) -> None:
    metric = airflow_registry()[mapping["match"].removeprefix(PREFIX)]

    endings = {"counter": ("_total",), "timer": ("_seconds",), "gauge": ("", "")}[metric["type"]]
    assert mapping["name"].endswith(endings)


def test_airflow_metrics_that_nobody_named_are_dropped() -> None:
    assert mappings()[-1] == {
        "match": ".",
        "match_type": "regex",
        "action": "drop",
        "name": "dropped",
    }


def test_every_panel_has_a_place_a_unit_and_says_what_it_shows(project: Path) -> None:
    panels = dashboard()["panels"]
    shown = [panel for panel in panels if panel["type"] != "row"]
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert len(shown) > 20
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23
    for panel in shown:
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        axis = panel["fieldConfig"]["defaults"].get("custom", {"axisLabel": "-"})["axisLabel"]
        assert axis, panel["title"]


def test_the_dashboard_asks_the_source_that_is_provisioned(project: Path) -> None:
    folder = project / "deploy/grafana/provisioning"
    sources = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]

    named = re.findall(
        r'"uid": "([\w-]+)"', (project / "deploy/grafana/evergreen.json").read_text()
    )
    assert set(named) == {sources[0]["uid"], dashboard()["uid"]}
