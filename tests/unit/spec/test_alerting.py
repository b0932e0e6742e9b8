from typing import Any

import pytest
from pydantic import ValidationError

from evergreen.spec.alerting import Alerts

SLACK = {"slack_connection_id": "slack", "channel": "#ml"}


def test_a_route_names_kinds_and_severity_and_a_channel() -> None:
    rules = Alerts.model_validate(
        SLACK | {"routes": [{"kinds": ["no_data"], "severity": "warning", "channel": "#data"}]}
    )

    (route,) = rules.routes
    assert (route.kinds, route.severity, route.channel) == (("no_data",), "warning", "#data")


def test_what_is_left_out_is_two_calm_batches_and_no_digest() -> None:
    rules = Alerts()

    assert (rules.calm_batches, rules.digest, rules.quiet, rules.routes) == (2, "off", (), ())


@pytest.mark.parametrize(
    ("section", "text"),
    [
        pytest.param({"routes": [{"channel": "#data"}]}, "need slack_connection_id", id="no slack"),
        pytest.param({"digest": "daily"}, "need slack_connection_id", id="digest, no slack"),
        pytest.param(SLACK | {"quiet": ["rain"]}, "quiet.0", id="unknown kind"),
        pytest.param(SLACK | {"routes": [{"channel": "xoxb-1"}]}, "never a webhook", id="token"),
        pytest.param(SLACK | {"routes": [{"severity": "bad", "channel": "a"}]}, "severity", id="s"),
        pytest.param(SLACK | {"calm_batches": 0}, "calm_batches", id="no calm at all"),
        pytest.param(SLACK | {"digest_hour": 24}, "digest_hour", id="no such hour"),
    ],
)
def test_the_rest_is_refused(section: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Alerts.model_validate(section)
