"""Whatever stands in the texts of an alert, Slack and a terminal show it and never obey it."""

import re
from datetime import UTC, datetime
from typing import Any, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from evergreen.records import Alert, AlertKind, Severity
from evergreen.slack.blocks import to_blocks, to_fallback, to_text
from evergreen.slack.status_line import IncidentStatus

Block = dict[str, Any]
ATTACKS = (
    "<!channel>",
    "<!here|now>",
    "<@U1>",
    "<#C1>",
    "<https://evil.example|ok>",
    "*bold*",
    "_it_",
    "~gone~",
    "```\ncode\n```",
    "`id`",
    "&lt;!channel&gt;",
    "\n" * 200,
    "\r\n> quoted",
    "\x1b]0;owned\x07",
    "\u202eevil",
    "\ud800",
    "|",
    "x" * 4000,
    "javascript:alert(1)",
    "https://ok.example/>|<!channel>",
)
hostile = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=6).map("".join)
alerts = st.builds(
    Alert,
    model=hostile,
    kind=st.sampled_from(get_args(AlertKind)),
    message_key=hostile,
    thread=hostile,
    title=hostile,
    text=hostile,
    must_act=st.booleans(),
    links=st.lists(st.tuples(hostile, hostile), max_size=9).map(tuple),
    severity=st.sampled_from(get_args(Severity)),
    numbers=st.lists(st.tuples(hostile, hostile), max_size=4).map(tuple),
    commands=st.lists(hostile, max_size=3).map(tuple),
    since=st.none() | st.just(datetime(2013, 3, 5, tzinfo=UTC)),
)
statuses = st.none() | st.builds(
    IncidentStatus, resolution=hostile, acknowledged_by=hostile, snoozed_by=hostile
)
WEB_LINK = re.compile(r"<https?://[^<>|\s]+\|[^<>|]*>")
ENTITY = re.compile(r"&(?:amp|lt|gt);")
STATUS = 1
ALL = settings(max_examples=80, deadline=None, derandomize=True)


def texts(blocks: list[Block]) -> list[Block]:
    return [
        text
        for block in blocks
        for text in (
            [block["text"]] if "text" in block else block.get("elements") or block["fields"]
        )
    ]


@ALL
@given(alerts, statuses)
def test_nothing_in_a_message_is_a_command_a_mention_or_a_hidden_link(
    alert: Alert, status: IncidentStatus | None
) -> None:
    blocks = to_blocks(alert, status)

    for text in [*(text["text"] for text in texts(blocks)), to_fallback(alert, status)]:
        rest = WEB_LINK.sub("", text)
        assert "<" not in rest
        assert ">" not in rest
        assert "&" not in ENTITY.sub("", text)


@ALL
@given(alerts, statuses)
@example(
    Alert(
        model="m", kind="drift", message_key="i", thread="t", title="t", text="t", must_act=True,
        commands=("echo ```", "echo *a*"), links=(("*a*", "include/_b_"),),
    ),
    IncidentStatus(acknowledged_by="*ada* `x` ~y~ _z_"),
)  # fmt: skip
def test_only_our_own_words_are_formatted(alert: Alert, status: IncidentStatus | None) -> None:
    blocks = to_blocks(alert, status)

    formatted = [text["text"] for text in texts(blocks) if text["type"] == "mrkdwn"]
    codes = [text for text in formatted if text.startswith("Type:\n```\n")]
    for text in formatted:
        marks = 2 if text == blocks[STATUS]["elements"][0]["text"] and "*" in text else 0
        if text in codes:
            assert text.count("`") == 6
        else:
            assert len(re.findall(r"[*`~_]", WEB_LINK.sub("", text))) == marks
    assert all(not text.get("emoji", False) for text in texts(blocks))


@ALL
@given(alerts, statuses)
def test_a_message_stays_inside_slacks_limits(alert: Alert, status: IncidentStatus | None) -> None:
    blocks = to_blocks(alert, status)

    assert len(blocks) <= 50
    assert 1 <= len(blocks[0]["text"]["text"].encode("utf-16-le")) // 2 <= 150
    for text in texts(blocks):
        assert 1 <= len(text["text"].encode("utf-16-le")) // 2 <= 3000
        assert text["text"].count("\n") <= 20
    assert len(to_fallback(alert, status).encode("utf-16-le")) // 2 <= 1500


@ALL
@given(alerts)
def test_a_terminal_is_told_nothing_that_it_would_obey(alert: Alert) -> None:
    text = to_text(alert)

    assert not any((ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0 for char in text)
    assert text.count("\n") <= 40
    text.encode("utf-8")
