from datetime import UTC, datetime

from drivers.telling import change_alerts, make_alert
from drivers.tiny import write_spec
from evergreen.spec.loader import load_spec
from evergreen.workflows.alerts.daily_digest import send_digests
from evergreen.workflows.alerts.incident_flow import end_incident, raise_alert
from evergreen.workflows.model_context import ModelContext
from standins.slack import SlackServer


def today(hour: int) -> datetime:
    return datetime.now(UTC).replace(hour=hour)


def another(context: ModelContext, name: str) -> ModelContext:
    folder = write_spec(context.settings.models_dir, name=name, slack="slack_default")
    return ModelContext(
        context.settings, load_spec(folder, home=context.settings.home), context.ledger
    )


def test_a_channel_gets_one_summary_a_day_from_its_hour_on(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, digest="daily", digest_hour=7)
    other = another(context, "other")
    change_alerts(other, digest="daily", digest_hour=9)
    contexts = [context, other]

    early = send_digests(contexts, now=today(6))
    told = [send_digests(contexts, now=today(hour)) for hour in (7, 8, 23)]

    assert early == []
    assert told == [["#ml-alerts"], [], []]
    assert len(slack.messages) == 1
    assert "2 models" in slack.messages[0]["text"]


def test_the_summary_tells_what_is_open_and_what_has_ended(
    context: ModelContext, slack: SlackServer
) -> None:
    change_alerts(context, digest="daily", digest_hour=0)
    raise_alert(context, make_alert(context, "drift"), is_sent_now=False)
    end_incident(context, "quality", resolution="recovered", sentence="Calm.", is_sent_now=False)
    raise_alert(context, make_alert(context, "no_data", must_act=True), is_sent_now=False)

    send_digests([context], now=datetime.now(UTC))

    text = slack.messages[-1]["text"]
    assert "1 incident for you" in text
    assert "- act: no_data (since " in text
    assert "- over: drift (recovered)" in text


def test_who_wants_no_summary_gets_none(context: ModelContext, slack: SlackServer) -> None:
    assert send_digests([context], now=today(12)) == []
    assert slack.requests == []
