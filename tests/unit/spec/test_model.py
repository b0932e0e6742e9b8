"""What a spec refuses beyond types and ranges."""

from typing import Any

import pytest
from pydantic import ValidationError

from evergreen.spec.alerting import Alerts
from evergreen.spec.model import DataSchema, Location, ModelSpec


def make_data(**changes: Any) -> dict[str, Any]:
    features = [{"name": "distance", "kind": "numeric"}, {"name": "hour", "kind": "integer"}]
    return {"key": "id", "time_column": "t", "target": "y", "features": features} | changes


def make_spec(**changes: Any) -> dict[str, Any]:
    return {
        "name": "flights",
        "owner": "ops",
        "schedule": "@daily",
        "landing": {"uri": "file:///a"},
        "labels": {"uri": "file:///b"},
        "data": make_data(),
    } | changes


@pytest.mark.parametrize(
    ("uri", "kept", "scheme"),
    [
        ("file:///srv/landing/", "file:///srv/landing", "file"),
        ("s3://bucket/prefix", "s3://bucket/prefix", "s3"),
        ("s3://bucket", "s3://bucket", "s3"),
    ],
)
def test_a_location_is_a_folder_or_a_bucket(uri: str, kept: str, scheme: str) -> None:
    location = Location(uri=uri)

    assert (location.uri, location.scheme) == (kept, scheme)


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("/srv/landing", "expected file:// or s3://"),
        ("https://host/x", "expected file:// or s3://"),
        ("s3:///prefix", "names no bucket"),
        ("s3://key:secret@bucket/x", "holds no credentials"),
        ("s3://bucket/x?versionId=1", "holds no credentials"),
        ("file:///srv/../etc", "must not contain"),
    ],
)
def test_a_location_refuses_the_rest(uri: str, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Location(uri=uri)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"target": "id"}, "three different columns"),
        ({"features": [{"name": "a", "kind": "numeric"}] * 2}, "feature listed twice: a"),
        ({"features": [{"name": "y", "kind": "numeric"}]}, "y is the target"),
        ({"features": [{"name": "t", "kind": "numeric"}]}, "t is the time_column"),
        ({"features": [{"name": "id", "kind": "numeric"}]}, "id is the key"),
    ],
)
def test_columns_have_one_meaning_each(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        DataSchema.model_validate(make_data(**changes))


def test_derived_features_are_not_delivered() -> None:
    features = [
        {"name": "a", "kind": "numeric"},
        {"name": "b", "kind": "numeric", "derived": True},
    ]

    data = DataSchema.model_validate(make_data(features=features))

    assert data.feature_names == ("a", "b")
    assert [feature.name for feature in data.delivered_features] == ["a"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"labels": {"uri": "file:///a/"}}, "landing.uri and labels.uri are the same"),
        ({"quality": {"max_null_shares": {"nope": 0.1}}}, "names no feature: nope"),
        ({"schedule": "0 0 6 * * 1"}, "five-field cron"),
        ({"timezone": "Mars/Base"}, "unknown timezone"),
        ({"name": "Flights"}, "pattern"),
        ({"name": "a" * 51}, "pattern"),
        ({"runbooks": {"drift": "../x.md"}}, "name of a file"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ModelSpec.model_validate(make_spec(**changes))


def test_a_spec_keeps_its_defaults_small() -> None:
    spec = ModelSpec.model_validate(make_spec())

    assert (spec.metric, spec.timezone, spec.promotion.min_probability) == ("auc", "UTC", 0.8)
    assert spec.training.params.to_lightgbm()["num_leaves"] == 31


def make_task(task: str, **changes: Any) -> dict[str, Any]:
    """Return the changes that make a spec one of another task."""
    classes = {"classes": 3} if task == "multiclass" else {}
    return {"data": make_data(task=task, **classes)} | changes


REGRESSION = make_task("regression", metric="rmse", decay={"max_drop": 1.5})


@pytest.mark.parametrize(
    ("changes", "n_classes"),
    [
        pytest.param({"metric": "brier"}, 2, id="binary"),
        pytest.param(make_task("multiclass", metric="f1_macro"), 3, id="multiclass"),
        pytest.param(REGRESSION, 2, id="regression"),
        pytest.param(
            REGRESSION
            | {
                "promotion": {
                    "guards": {"slices": ["hour"], "slice_max_drop": 3, "max_drops": {"mae": 1}}
                }
            },
            2,
            id="regression with guards",
        ),
    ],
)
def test_a_task_takes_its_own_metrics(changes: dict[str, Any], n_classes: int) -> None:
    spec = ModelSpec.model_validate(make_spec(**changes))

    assert spec.data.n_classes == n_classes


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (make_task("multiclass"), "metric is missing, .* accuracy, log_loss, f1_macro"),
        (make_task("regression"), "metric is missing, .* rmse, mae"),
        (make_task("multiclass", metric="auc"), "metric is auc, and data.task is multiclass"),
        ({"metric": "rmse"}, "metric is rmse, and data.task is binary; .* auc, accuracy"),
        ({"data": make_data(task="multiclass")}, "classes is missing"),
        ({"data": make_data(task="multiclass", classes=1)}, "greater than or equal to 2"),
        ({"data": make_data(classes=3)}, "classes is for task multiclass, and the task is binary"),
        (make_task("regression", metric="rmse"), "missing decay.max_drop; .* how much more rmse"),
        (
            REGRESSION | {"promotion": {"guards": {"slices": ["hour"], "forgetting_days": 90}}},
            "missing promotion.guards.slice_max_drop, promotion.guards.forgetting_max_drop",
        ),
        (
            REGRESSION | {"promotion": {"guards": {"max_drops": {"auc": 0.1}}}},
            "names auc, no metric",
        ),
        (
            REGRESSION | {"training": {"params": {"scale_pos_weight": 2.0}}},
            "scale_pos_weight is for task binary",
        ),
    ],
)
def test_what_does_not_fit_the_task_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ModelSpec.model_validate(make_spec(**changes))


@pytest.mark.parametrize(
    "alerts",
    [
        {"channel": "ops"},
        {"slack_connection_id": "slack"},
        {"slack_connection_id": "slack", "channel": "https://hooks.slack.com/x"},
        {"slack_connection_id": "slack", "channel": "xoxb-1"},
    ],
)
def test_alerts_need_a_connection_and_a_channel_and_no_token(alerts: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Alerts.model_validate(alerts)
