from datetime import timedelta
from typing import Any

import pytest

from builders.web_records import make_closed_incident, make_incident
from builders.web_signals import NOW
from evergreen.workflows.alerts.incident_status import IncidentStatus, status_of

NBSP = "\N{NO-BREAK SPACE}"
ACKNOWLEDGED: dict[str, Any] = {
    "acknowledged_by": "ada",
    "acknowledged_at": NOW - timedelta(hours=2),
    "acknowledge_reason": "on it",
}


def test_open_incident_that_nobody_answered_has_no_status() -> None:
    assert status_of(make_incident(), NOW) == IncidentStatus("", "", "")


@pytest.mark.parametrize(
    ("resolution", "ending"),
    [
        pytest.param("resolved by promotion of v7", "resolved by promotion of v7", id="resolved"),
        pytest.param("told", "reported; a single event", id="event without an end"),
    ],
)
def test_closed_incident_says_how_it_ended(resolution: str, ending: str) -> None:
    assert status_of(make_closed_incident(resolution=resolution), NOW).ending == ending


def test_acknowledged_incident_says_who_since_when_and_why() -> None:
    told = status_of(make_incident(**ACKNOWLEDGED), NOW).acknowledged
    without_reason = make_incident(**ACKNOWLEDGED | {"acknowledge_reason": None})

    assert told == f"acknowledged by ada 2{NBSP}h ago: on it"
    assert status_of(without_reason, NOW).acknowledged.endswith(": no reason given")


@pytest.mark.parametrize(
    ("until", "text"),
    [
        pytest.param(NOW + timedelta(hours=1), "snoozed by ben until", id="still"),
        pytest.param(NOW, "", id="over"),
    ],
)
def test_snooze_is_shown_until_it_is_over(until: Any, text: str) -> None:
    incident = make_incident(snoozed_until=until, snoozed_by="ben", snooze_reason="Monday")

    assert status_of(incident, NOW).snoozed.startswith(text)
    assert bool(status_of(incident, NOW).snoozed) == bool(text)
