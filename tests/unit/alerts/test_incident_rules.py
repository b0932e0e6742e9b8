from typing import Any, get_args

import pytest

from builders.ledger_rows import make_drift
from evergreen.alerts import incident_rules
from evergreen.measurements import DecayMeasurement, DriftMeasurement
from evergreen.records import Alert, AlertKind, Severity
from evergreen.signals import PolicyDecision, PolicySignals
from evergreen.spec.alerting import Alerts

SLACK = {"slack_connection_id": "slack", "channel": "#ml"}


def make_alert(kind: Any = "drift", **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "model": "flights",
        "kind": kind,
        "message_key": f"{kind}:flights:1",
        "thread": "t",
        "title": f"flights: {kind}",
        "text": f"first line of {kind}\nsecond line",
        "must_act": False,
    }
    return Alert.model_validate(fields | changes)


def make_signals(drift: DriftMeasurement | None = None, decay: str = "stable") -> PolicySignals:
    return PolicySignals(
        batch="2013-03-05",
        champion_version="1",
        drift=drift,
        decay=DecayMeasurement.model_validate({"verdict": decay, "sentence": ""}),
        n_training_rows=1,
        n_holdout_rows=1,
    )


def decided(**changes: Any) -> PolicyDecision:
    return PolicyDecision(verdict="stand_down", trigger="none", sentence="", **changes)


def test_every_kind_but_the_quiet_day_belongs_to_a_topic() -> None:
    without = [kind for kind in get_args(AlertKind) if kind not in incident_rules.TOPICS]

    assert without == ["stood_down"]
    assert incident_rules.topic_of(make_alert("stood_down")) is None


def test_a_model_that_is_kept_without_a_champion_waits_for_its_first() -> None:
    waiting = incident_rules.topic_of(make_alert("kept", must_act=True))
    usual = incident_rules.topic_of(make_alert("kept"))

    assert waiting is not None
    assert usual is not None
    assert (waiting.name, waiting.alone) == ("no_champion", "opens")
    assert (usual.name, usual.alone) == ("quality", "once")


def test_every_move_of_the_champion_ends_the_trouble_with_the_model() -> None:
    for kind in ("promoted", "rolled_back", "auto_rolled_back", "forced"):
        assert set(incident_rules.AFTER_A_MOVE) <= set(incident_rules.ENDS[kind])
        assert "{version}" in incident_rules.ENDINGS[kind]


@pytest.mark.parametrize(
    ("kind", "told", "is_step"),
    [
        pytest.param("drift", ["drift"], False, id="drift stays"),
        pytest.param("decay", ["drift"], True, id="drift becomes decay"),
        pytest.param("retrain_started", ["drift", "retrain_started"], True, id="another retrain"),
        pytest.param("data_rejected", ["data_rejected"], True, id="another bad delivery"),
        pytest.param("late_decision", ["late_decision"], False, id="one more batch is late"),
    ],
)
def test_a_reply_is_for_what_people_want_to_read(
    kind: AlertKind, told: list[AlertKind], is_step: bool
) -> None:
    alert = make_alert(kind)
    topic = incident_rules.topic_of(alert)

    assert topic is not None
    assert incident_rules.is_worth_a_reply(alert, topic, told) is is_step


@pytest.mark.parametrize(
    ("signals", "decision", "is_over"),
    [
        pytest.param(make_signals(make_drift(0.41)), decided(), True, id="drift"),
        pytest.param(
            make_signals(make_drift(0.41)), decided(is_harmless_drift=True), False, id="harmless"
        ),
        pytest.param(make_signals(make_drift(0.02)), decided(), False, id="calm"),
        pytest.param(make_signals(decay="decayed"), decided(), True, id="decay"),
        pytest.param(
            make_signals(make_drift(0.41), decay="decayed"),
            decided(is_harmless_drift=True),
            True,
            id="decay beside harmless drift",
        ),
        pytest.param(make_signals(), decided(is_alarm=True), True, id="sudden drop"),
        pytest.param(make_signals(decay="insufficient_data"), decided(), False, id="no labels"),
    ],
)
def test_trouble_is_a_limit_that_is_crossed_with_harm(
    signals: PolicySignals, decision: PolicyDecision, is_over: bool
) -> None:
    assert incident_rules.is_over_limit(decision, signals) is is_over


ROUTES = [
    {"kinds": ["data_rejected", "no_data"], "channel": "#data"},
    {"severity": "critical", "channel": "#oncall"},
    {"kinds": ["failed"], "severity": "warning", "channel": "#platform"},
]


@pytest.mark.parametrize(
    ("kind", "severity", "channel"),
    [
        pytest.param("no_data", "info", "#data", id="by kind"),
        pytest.param("no_data", "critical", "#data", id="the first that fits"),
        pytest.param("failed", "critical", "#oncall", id="by severity"),
        pytest.param("failed", "warning", "#platform", id="by both"),
        pytest.param("failed", "info", "#ml", id="not grave enough"),
        pytest.param("drift", "warning", "#ml", id="default"),
    ],
)
def test_the_first_route_that_fits_names_the_channel(
    kind: AlertKind, severity: Severity, channel: str
) -> None:
    rules = Alerts.model_validate(SLACK | {"routes": ROUTES})

    assert incident_rules.channel_for(rules, make_alert(kind, severity=severity)) == channel


@pytest.mark.parametrize(
    ("rules", "kind", "is_sent"),
    [
        pytest.param(SLACK, "drift", True, id="usual"),
        pytest.param({}, "drift", False, id="no channel"),
        pytest.param(SLACK | {"quiet": ["kept"]}, "kept", False, id="quiet kind"),
        pytest.param(SLACK | {"quiet": ["kept"]}, "drift", True, id="another kind"),
        pytest.param(SLACK, "stood_down", False, id="quiet day"),
        pytest.param(SLACK | {"send_quiet": True}, "stood_down", True, id="quiet day wanted"),
    ],
)
def test_the_spec_says_what_is_sent(rules: dict[str, Any], kind: AlertKind, is_sent: bool) -> None:
    assert incident_rules.is_sent(Alerts.model_validate(rules), make_alert(kind)) is is_sent


def test_the_first_message_reads_as_the_newest_of_its_kind() -> None:
    opening, newest = make_alert(), make_alert(title="flights: 4 features", message_key="drift:2")

    shown = incident_rules.first_message(opening, newest, role="update")

    assert (shown.title, shown.message_key) == ("flights: 4 features", opening.message_key)


def test_the_first_message_names_a_step_and_keeps_what_it_was_about() -> None:
    opening, step = make_alert(), make_alert("retrain_started", must_act=True)

    shown = incident_rules.first_message(opening, step, role="note")

    assert shown.title == opening.title
    assert shown.must_act
    assert shown.text.startswith("Now: flights: retrain_started. first line of retrain_started\n")
    assert opening.text in shown.text


def test_the_first_message_of_what_is_over_says_only_how() -> None:
    shown = incident_rules.first_message(make_alert(), make_alert("promoted"), role="closing")

    assert (shown.title, shown.text) == ("flights: drift", "first line of promoted")


def test_an_ending_says_how_and_asks_for_nothing() -> None:
    opening = make_alert(must_act=True, numbers=(("PSI", "0.4"),), severity="critical")

    last = incident_rules.closing(
        opening, 7, resolution="recovered", sentence="It is calm.", n_left_out=3
    )

    assert last.title == "Recovered: flights: drift"
    assert last.text.split("\n")[:2] == ["It is calm.", "3 updates left out while it was snoozed."]
    assert (last.must_act, last.severity, last.numbers) == (False, "info", ())
    assert last.message_key == "incident:7:closing"


def test_what_was_left_out_is_summed_up_by_title() -> None:
    left_out = [make_alert("drift"), make_alert("retrain_started")]

    summary = incident_rules.summed_up("flights: drift", "name", left_out)

    assert summary.title == "2 updates while snoozed: flights: drift"
    assert summary.text == "- flights: drift\n- flights: retrain_started"
