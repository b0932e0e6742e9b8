import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evergreen.records import Alert
from evergreen.slack.blocks import to_blocks, to_fallback, to_text
from evergreen.slack.status_line import IncidentStatus

MakeAlert = Callable[..., Alert]
OPENED = datetime(2013, 3, 5, 6, 10, tzinfo=UTC)
NUMBERS = (
    ("Drifted share", "0.62 (limit 0.30)"),
    ("auc", "0.71 (reference 0.74)"),
    ("Rows", "5000"),
    ("one", "too many"),
)
HOSTILE = [
    "<!channel>",
    "<!here|x>",
    "<@U1>",
    "<#C1>",
    "<https://evil|ok>",
    "&lt;!channel&gt;",
    "</script><script>alert(1)</script>",
]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def texts(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        text
        for block in blocks
        for text in (
            [block["text"]] if "text" in block else block.get("elements") or block["fields"]
        )
    ]


def body(alert: Alert) -> str:
    """The text of the message, below its title."""
    sections = [block for block in to_blocks(alert) if block["type"] == "section"]
    return str(next(block["text"]["text"] for block in sections if "text" in block))


def status_text(alert: Alert, status: IncidentStatus | None = None) -> str:
    return str(to_blocks(alert, status)[1]["elements"][0]["text"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_commands_mentions_and_links_in_texts_are_inert(
    hostile: str, make_alert: MakeAlert
) -> None:
    alert = make_alert(title=f"column {hostile}", text=f"value {hostile}", links=())

    shown = [text["text"] for text in texts(to_blocks(alert))] + [to_fallback(alert)]

    for text in shown:
        assert "<" not in text
        assert ">" not in text
        assert hostile not in text


def test_ampersands_are_escaped_once(make_alert: MakeAlert) -> None:
    alert = make_alert(text="AT&T <b>")

    assert body(alert) == "AT&amp;T &lt;b&gt;"


def test_user_made_texts_stand_only_where_slack_formats_nothing(make_alert: MakeAlert) -> None:
    alert = make_alert(title="*bold* `code`", text="```\n*all* ~of~ _it_ :boom: @here", links=())

    blocks = to_blocks(alert)

    plain = [text for text in texts(blocks) if text["type"] == "plain_text"]
    rest = [text["text"] for text in texts(blocks) if text["type"] == "mrkdwn"]
    assert [text["text"] for text in plain] == [alert.title, alert.text]
    assert all(text["emoji"] is False for text in plain)
    assert rest == ["\u25cb Info \u00b7 *Action needed*"]


def test_link_labels_lose_their_formatting_marks(make_alert: MakeAlert) -> None:
    alert = make_alert(links=(("*a*`b`~c~|d>e", "https://ok.example/"),))

    link = to_blocks(alert)[-1]["elements"][0]["text"]

    assert link.startswith("<https://ok.example/|")
    assert link.endswith("e>")
    assert not set(link.removeprefix("<https://ok.example/|").removesuffix(">")) & set("*`~|<>")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("https://a.example/x?b=1&c=2", "https://a.example/x?b=1&amp;c=2", id="https"),
        pytest.param("http://127.0.0.1:8080/", "http://127.0.0.1:8080/", id="http"),
        pytest.param("https://a.example/<x>|y z", "https://a.example/%3Cx%3E%7Cy%20z", id="marks"),
        pytest.param("https://a.example/%2Fdone", "https://a.example/%2Fdone", id="quoted already"),
    ],
)
def test_http_links_become_links(url: str, target: str, make_alert: MakeAlert) -> None:
    alert = make_alert(links=(("run", url),))

    assert to_blocks(alert)[-1]["elements"][0]["text"] == f"<{target}|run>"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "include/runbooks/drift.md",
        "https://",
        "//x.example",
    ],
)
def test_other_addresses_are_shown_but_never_links(url: str, make_alert: MakeAlert) -> None:
    alert = make_alert(links=(("runbook", url),))

    text = to_blocks(alert)[-1]["elements"][0]["text"]

    assert "<" not in text
    assert text.startswith("runbook: ")


@pytest.mark.parametrize(
    ("severity", "marker"),
    [("critical", "\u25a0 Critical"), ("warning", "\u25b2 Warning"), ("info", "\u25cb Info")],
)
def test_severity_is_said_in_words_beside_its_marker(
    severity: str, marker: str, make_alert: MakeAlert
) -> None:
    assert status_text(make_alert(severity=severity)).split(" \u00b7 ")[0] == marker


def test_whether_to_act_is_said_in_so_many_words(make_alert: MakeAlert) -> None:
    asked = [status_text(make_alert(must_act=act)).split(" \u00b7 ")[1] for act in (True, False)]

    assert asked == ["*Action needed*", "No action needed"]


@pytest.mark.parametrize(
    ("severity", "must_act", "begins"),
    [
        pytest.param("critical", True, "Critical, action needed: flights: data", id="both"),
        pytest.param("warning", False, "Warning: flights: data", id="warning"),
        pytest.param("info", True, "Action needed: flights: data", id="only to act"),
        pytest.param("info", False, "flights: data", id="neither"),
    ],
)
def test_a_notification_begins_with_how_bad_it_is(
    severity: str, must_act: bool, begins: str, make_alert: MakeAlert
) -> None:
    assert to_fallback(make_alert(severity=severity, must_act=must_act)).startswith(begins)


def test_since_is_when_the_condition_began_not_when_it_was_told(make_alert: MakeAlert) -> None:
    told = IncidentStatus(opened_at=OPENED)
    began = make_alert(since=OPENED - timedelta(days=1))

    assert status_text(began, told).endswith("since 2013-03-04 06:10 UTC")
    assert status_text(make_alert(), told).endswith("since 2013-03-05 06:10 UTC")
    assert "since" not in status_text(make_alert())


def test_what_does_not_last_is_told_with_its_moment(make_alert: MakeAlert) -> None:
    done = make_alert(kind="promoted", severity="info", must_act=False)

    shown = status_text(done, IncidentStatus(opened_at=OPENED))

    assert shown == "\u25cb Info \u00b7 No action needed \u00b7 2013-03-05 06:10 UTC"


def test_that_there_is_nothing_to_do_is_said_once(make_alert: MakeAlert) -> None:
    alert = make_alert(must_act=False, text="It is well.\nNothing to do.")

    assert body(alert) == "It is well."


def test_the_numbers_stand_above_the_text_each_with_its_name(make_alert: MakeAlert) -> None:
    alert = make_alert(numbers=NUMBERS)

    fields = to_blocks(alert)[2]["fields"]

    assert [field["text"] for field in fields] == ["\n".join(pair) for pair in NUMBERS[:3]]
    assert "Drifted share: 0.62 (limit 0.30)" in to_fallback(alert)
    assert "    Drifted share: 0.62 (limit 0.30)\n" in to_text(alert)


def test_commands_are_shown_as_they_are_to_be_typed(make_alert: MakeAlert) -> None:
    command = """airflow dags trigger redelivery__flights --conf '{"batch": "2013-03-05"}'"""

    alert = make_alert(commands=(command,))

    assert texts(to_blocks(alert))[3]["text"] == f"Type:\n```\n{command}\n```"
    assert f"    type: {command}" in to_text(alert)


def test_nothing_is_to_be_typed_where_nobody_must_act(make_alert: MakeAlert) -> None:
    alert = make_alert(commands=("evergreen why",), must_act=False)

    assert "Type:" not in json.dumps(to_blocks(alert))


@pytest.mark.parametrize(
    "command",
    ["echo `id`", "echo a\nrm -rf b", "evergreen why\u202e", "x" * 401],
    ids=["backtick", "two lines", "hidden mark", "too long"],
)
def test_a_command_that_cannot_be_shown_as_it_is_is_left_out(
    command: str, make_alert: MakeAlert
) -> None:
    alert = make_alert(commands=(command,))

    assert "Type:" not in json.dumps(to_blocks(alert))
    assert "type:" not in to_text(alert)


def test_what_people_did_about_an_incident_is_shown(make_alert: MakeAlert) -> None:
    status = IncidentStatus(
        opened_at=OPENED,
        n_events=4,
        acknowledged_by="ada",
        snoozed_until=OPENED + timedelta(hours=2),
        snoozed_by="ben",
    )

    assert status_text(make_alert(), status).endswith(
        "told 4 times \u00b7 acknowledged by ada \u00b7 snoozed until 2013-03-05 08:10 UTC by ben"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_people_are_inert(name: str, make_alert: MakeAlert) -> None:
    status = IncidentStatus(acknowledged_by=name, snoozed_until=OPENED, snoozed_by=f"*{name}*")

    shown = status_text(make_alert(), status)

    assert "<" not in shown
    assert shown.count("*") == 2


@pytest.mark.parametrize(
    ("resolution", "says"),
    [("recovered", "Recovered"), ("resolved by promotion of v7", "Resolved by promotion of v7")],
)
def test_what_is_over_says_so_first_and_asks_for_nothing(
    resolution: str, says: str, make_alert: MakeAlert
) -> None:
    status = IncidentStatus(
        opened_at=OPENED, resolution=resolution, closed_at=OPENED + timedelta(days=3)
    )
    alert = make_alert(text="What was.\nWhat to do.", numbers=NUMBERS, commands=("evergreen why",))

    blocks = to_blocks(alert, status)

    assert blocks[0]["text"]["text"] == f"{says}: {alert.title}"
    assert [text["text"] for text in texts(blocks)][1:3] == [
        f"\u2713 *{says}* \u00b7 2013-03-08 06:10 UTC \u00b7 after 3 days \u00b7 No action needed",
        "What was.",
    ]
    assert to_fallback(alert, status) == f"{says}: {alert.title}\nWhat was."


@pytest.mark.parametrize("char", ["x", "<", "&", "\U0001f600"], ids=["plain", "lt", "amp", "emoji"])
def test_lengths_stay_inside_slacks_limits(char: str, make_alert: MakeAlert) -> None:
    alert = make_alert(
        title=char * 500,
        text=char * 9000,
        links=(("l" * 500, "https://a.example"),) * 99,
        numbers=((char * 500, char * 500),) * 9,
        commands=(char * 400,) * 9,
    )

    blocks = to_blocks(alert, IncidentStatus(acknowledged_by=char * 500, n_events=10**9))

    shown = [units(text["text"]) for text in texts(blocks)]
    assert units(blocks[0]["text"]["text"]) <= 150
    assert max(shown) <= 3000
    assert units(to_fallback(alert)) <= 1500
    assert len(blocks[2]["fields"]) == 3
    assert units(json.dumps(blocks, ensure_ascii=False)) < 13000


def test_cut_never_splits_an_entity(make_alert: MakeAlert) -> None:
    kept, marker = body(make_alert(text="<" * 9000)).split(" ... (cut, ")

    assert kept.replace("&lt;", "") == ""
    assert len(kept) // 4 + int(marker.split(" ")[0]) == 9000


@pytest.mark.parametrize(("n_chars", "is_cut"), [(1200, False), (1201, True)])
def test_text_is_cut_only_over_the_limit(n_chars: int, is_cut: bool, make_alert: MakeAlert) -> None:
    assert ("cut" in body(make_alert(text="x" * n_chars))) == is_cut


def test_floods_of_lines_are_folded(make_alert: MakeAlert) -> None:
    empty = body(make_alert(text="a" + "\n" * 500 + "b"))
    many = body(make_alert(text="\n".join(str(i) for i in range(500))))

    assert empty == "a\n\nb"
    assert many.count("\n") == 14
    assert many.endswith("... (486 more lines)")


def test_terminal_text_obeys_no_escape_sequence(make_alert: MakeAlert) -> None:
    alert = make_alert(
        title="\x1b[2Jgone\u202e",
        text="\x1b]0;owned\x07\rone\ntwo\x00",
        links=(("r\x1b[31m", "x\ny"),),
    )

    text = to_text(alert)

    assert not any(ord(char) < 32 and char != "\n" for char in text)
    assert "\u202e" not in text
    assert text.split("\n")[0].startswith("[data_rejected] ")
    assert "ACTION NEEDED" in text


def test_terminal_text_shows_links_and_keeps_marks(make_alert: MakeAlert) -> None:
    text = to_text(make_alert(text="a < b & c", must_act=False))

    assert "    a < b & c" in text
    assert "    run: https://airflow.example/dags/ingest__flights" in text
    assert "no action needed" in text


def test_lone_surrogates_do_not_break_a_message(make_alert: MakeAlert) -> None:
    alert = make_alert(title="\ud800 title", text="\udfff")

    json.dumps(to_blocks(alert), ensure_ascii=False).encode("utf-8")
    to_text(alert).encode("utf-8")


def test_empty_title_and_text_still_make_a_message(make_alert: MakeAlert) -> None:
    blocks = to_blocks(make_alert(title="", text="  \n ", links=()))

    assert blocks[0]["text"]["text"] == "(no title)"
    assert [block["type"] for block in blocks] == ["header", "context"]
