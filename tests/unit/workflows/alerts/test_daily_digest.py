from datetime import UTC, datetime

from drivers.telling import change_alerts, make_alert
from drivers.tiny import write_spec
from evergreen.spec.loader import load_spec
from evergreen.workflows.alerts.daily_digest import send_digests
from evergreen.workflows.alerts.incident_flow import end_incident, raise_alert
from evergreen.workflows.model_context import Workbench
from standins.slack import SlackServer


def today(hour: int) -> datetime:
    return datetime.now(UTC).replace(hour=hour)


def another(bench: Workbench, name: str) -> Workbench:
    folder = write_spec(bench.settings.models_dir, name=name, slack="slack_default")
    return Workbench(bench.settings, load_spec(folder, home=bench.settings.home), bench.ledger)


def test_a_channel_gets_one_summary_a_day_from_its_hour_on(
    bench: Workbench, slack: SlackServer
) -> None:
    change_alerts(bench, digest="daily", digest_hour=7)
    other = another(bench, "other")
    change_alerts(other, digest="daily", digest_hour=9)
    benches = [bench, other]

    early = send_digests(benches, now=today(6))
    told = [send_digests(benches, now=today(hour)) for hour in (7, 8, 23)]

    assert early == []
    assert told == [["#ml-alerts"], [], []]
    assert len(slack.messages) == 1
    assert "2 models" in slack.messages[0]["text"]


def test_the_summary_tells_what_is_open_and_what_has_ended(
    bench: Workbench, slack: SlackServer
) -> None:
    change_alerts(bench, digest="daily", digest_hour=0)
    raise_alert(bench, make_alert(bench, "drift"), is_sent_now=False)
    end_incident(bench, "quality", resolution="recovered", sentence="Calm.", is_sent_now=False)
    raise_alert(bench, make_alert(bench, "no_data", must_act=True), is_sent_now=False)

    send_digests([bench], now=datetime.now(UTC))

    text = slack.messages[-1]["text"]
    assert "1 incident for you" in text
    assert "- act: no_data (since " in text
    assert "- over: drift (recovered)" in text


def test_who_wants_no_summary_gets_none(bench: Workbench, slack: SlackServer) -> None:
    assert send_digests([bench], now=today(12)) == []
    assert slack.requests == []
