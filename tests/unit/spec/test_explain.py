"""The words in which a wrong spec is told."""

import json

import pytest
from pydantic import ValidationError

from evergreen.spec.explain import allowed_at, explain
from evergreen.spec.model import ModelSpec
from evergreen.spec.yaml_strict import parse_yaml

REQUIRED = """\
name: flights
owner: ops
schedule: "@daily"
landing: {uri: file:///a}
labels: {uri: file:///b}
data: {key: id, time_column: t, target: y, features: [{name: x, kind: numeric}]}
"""


def told(yaml: str) -> list[str]:
    document = parse_yaml(yaml.encode())
    try:
        ModelSpec.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as err:
        return [str(problem) for problem in explain(err, ModelSpec, document)]
    return []


def test_the_required_keys_are_enough() -> None:
    assert told(REQUIRED) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(
            "promotion: {min_gian: 1}",
            "line 7, promotion.min_gian: unknown key 'min_gian'; did you mean 'min_gain'?",
            id="misspelt key",
        ),
        pytest.param(
            "policy: {incidents: []}",
            "line 7, policy.incidents: unknown key 'incidents';"
            " it is called 'excluded_spans' now: rename it",
            id="renamed key",
        ),
        pytest.param(
            "drift: {PSI-limit: 1}",
            "line 7, drift.PSI-limit: unknown key 'PSI-limit'; did you mean 'psi_limit'?",
            id="other case",
        ),
        pytest.param(
            "training: {max_drop: 1}",
            "line 7, training.max_drop: unknown key 'max_drop' here;"
            " it belongs at 'decay.max_drop'",
            id="key of another section",
        ),
        pytest.param(
            "drift: {zebra: 1}",
            "line 7, drift.zebra: unknown key 'zebra'; allowed here: false_verdicts_per_year,"
            " psi_limit, ks_limit, null_share_limit, min_psi, min_ks, min_null_rise, min_rows,"
            " share_to_retrain, reference, weigh_by_importance, multivariate, report",
            id="key like no other",
        ),
        pytest.param(
            "<<: {a: 1}",
            "line 7, <<: merge keys ('<<') are not read; write the keys out",
            id="merge key",
        ),
        pytest.param(
            "windows: {training_days: 12:30}",
            "line 7, windows.training_days: got '12:30', which is text here;"
            " expected a number, above 0 (default 56)",
            id="text for a number",
        ),
        pytest.param(
            "training: {seed: true}",
            "line 7, training.seed: got true;"
            " expected a whole number, at least 0 and below 2147483648 (default 42)",
            id="boolean for a number",
        ),
        pytest.param(
            "training: {n_rounds: 1.5}",
            "line 7, training.n_rounds: got 1.5;"
            " expected a whole number, at least 1 and at most 5000 (default 100)",
            id="fraction for a whole number",
        ),
        pytest.param(
            "training: {params: {num_leaves: 5000}}",
            "line 7, training.params.num_leaves: got 5000;"
            " expected a whole number, at least 2 and at most 4096 (default 31)",
            id="out of range",
        ),
        pytest.param(
            "alerts: {send_quiet: no}",
            "line 7, alerts.send_quiet: is not usable; expected true or false (default false)",
            id="YAML 1.1 boolean",
        ),
        pytest.param(
            "metric: acuracy",
            "line 7, metric: got 'acuracy'; did you mean 'accuracy'?"
            " it is one of 'auc', 'accuracy', 'log_loss', 'brier', 'f1_macro', 'rmse' or 'mae'",
            id="misspelt choice",
        ),
        pytest.param(
            "decay:",
            "line 7, decay: has no value; remove the key,"
            " or give it a section ('key: value' lines, indented)",
            id="empty section",
        ),
        pytest.param(
            "decay: [1]",
            "line 7, decay: got a list; expected a section ('key: value' lines, indented)",
            id="list for a section",
        ),
        pytest.param(
            "timezone: Europe/Berln",
            "line 7, timezone: unknown timezone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
            id="timezone",
        ),
        pytest.param(
            "quality: {max_null_shares: {x: 2}}",
            "line 7, quality.max_null_shares.x: got 2; input should be less than or equal to 1",
            id="value of a free mapping",
        ),
    ],
)
def test_each_mistake_is_told_with_its_remedy(more: str, expected: str) -> None:
    assert told(f"{REQUIRED}{more}\n") == [expected]


@pytest.mark.parametrize(
    "parameter", ["input_model", "machines", "data", "config", "snapshot_freq"]
)
def test_lightgbm_parameters_outside_the_list_are_refused(parameter: str) -> None:
    (text,) = told(f"{REQUIRED}training: {{params: {{{parameter}: x}}}}\n")

    assert "not a LightGBM parameter that a spec may set" in text or "belongs at" in text


def test_missing_keys_are_told_together_with_what_they_hold() -> None:
    assert told("name: flights\nowner: ops\ndata: {key: id}\n") == [
        "schedule: is required and missing; add it with text (When to begin waiting for the next"
        " batch: cron or preset)",
        "landing: is required and missing; add it with a section ('key: value' lines, indented)",
        "labels: is required and missing; add it with a section ('key: value' lines, indented)",
        "line 3, data.time_column: is required and missing; add it with text (Event time, a"
        " timestamp with timezone)",
        "line 3, data.target: is required and missing; add it with text (Label column, in label"
        " files only: 0 or 1, a class from 0, or a number)",
        "line 3, data.features: is required and missing; add it with a list ('- ...' lines)",
    ]


def test_a_wrong_entry_is_told_once_and_an_empty_list_too() -> None:
    wrong = REQUIRED.replace("kind: numeric", "kind: number")
    empty = REQUIRED.replace("{name: x, kind: numeric}", "")

    assert [text.split(";")[0] for text in told(wrong)] == [
        "line 6, data.features[0].kind: got 'number'"
    ]
    assert told(empty) == ["line 6, data.features: the list is empty; it needs at least one entry"]


@pytest.mark.parametrize(
    "secret_place",
    [
        "alerts: {slack_connection_id: slack, channel: xoxb-hidden-token}",
        "alerts: {slack_connection_id: [hidden-token], channel: ops}",
        "alerts: {slack_connection_id: slack, channel: https://hooks.example/hidden-token}",
    ],
)
def test_what_may_be_a_credential_is_not_repeated(secret_place: str) -> None:
    (text,) = told(f"{REQUIRED}{secret_place}\n")

    assert "alerts" in text
    assert "hidden-token" not in text


@pytest.mark.parametrize("uri", ["https://u:hidden@h/x", "s3://u:hidden@b/x", "s3://b/x?k=hidden"])
def test_a_location_with_credentials_is_refused_without_showing_them(uri: str) -> None:
    (text,) = told(REQUIRED.replace("file:///a", uri))

    assert "landing.uri" in text
    assert "hidden" not in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("drift", "share_to_retrain"), "a number, above 0 and at most 1 (default 0.5)"),
        (("training", "device"), "one of 'auto', 'cpu', 'cuda', 'gpu' (default 'auto')"),
        (("promotion", "bootstrap_min_metric"), "a number"),
        (("data", "features", 0, "derived"), "true or false (default false)"),
        (("no", "such", "key"), ""),
        ((), ""),
    ],
)
def test_allowed_at_says_what_a_key_may_hold(path: tuple[str | int, ...], words: str) -> None:
    assert allowed_at(path, ModelSpec) == words
