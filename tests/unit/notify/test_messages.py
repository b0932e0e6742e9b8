import json
from collections.abc import Callable
from typing import Any

import pytest

from evergreen.notify.messages import to_blocks, to_fallback, to_text
from evergreen.records import Alert

MakeAlert = Callable[..., Alert]
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
        for text in ([block["text"]] if "text" in block else block["elements"])
    ]


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

    assert to_blocks(alert)[1]["text"]["text"] == "AT&amp;T &lt;b&gt;"


def test_user_made_texts_stand_only_where_slack_formats_nothing(make_alert: MakeAlert) -> None:
    alert = make_alert(title="*bold* `code`", text="```\n*all* ~of~ _it_ :boom: @here", links=())

    blocks = to_blocks(alert)

    kinds = {text["type"] for text in texts(blocks[:2])}
    assert kinds == {"plain_text"}
    assert all(text["emoji"] is False for text in texts(blocks[:2]))
    assert [text["text"] for text in texts(blocks[2:])] == ["*Action needed*"]


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


def test_whether_to_act_is_said_in_so_many_words(make_alert: MakeAlert) -> None:
    asked = [to_blocks(make_alert(must_act=act))[2]["elements"][0]["text"] for act in (True, False)]

    assert asked == ["*Action needed*", "No action needed"]
    assert to_fallback(make_alert(must_act=True)).startswith("Action needed: ")


@pytest.mark.parametrize("char", ["x", "<", "&", "\U0001f600"], ids=["plain", "lt", "amp", "emoji"])
def test_lengths_stay_inside_slacks_limits(char: str, make_alert: MakeAlert) -> None:
    alert = make_alert(
        title=char * 500, text=char * 9000, links=(("l" * 500, "https://a.example"),) * 99
    )

    blocks = to_blocks(alert)

    title, text = blocks[0]["text"]["text"], blocks[1]["text"]["text"]
    assert units(title) <= 150
    assert units(text) <= 3000
    assert units(to_fallback(alert)) <= 4000
    assert text.endswith(" more)")
    assert units(blocks[-1]["elements"][0]["text"]) <= 3000
    assert units(json.dumps(blocks, ensure_ascii=False)) < 13000


def test_cut_never_splits_an_entity(make_alert: MakeAlert) -> None:
    text = to_blocks(make_alert(text="<" * 9000))[1]["text"]["text"]

    kept, marker = text.split(" ... (cut, ")
    assert kept.replace("&lt;", "") == ""
    assert len(kept) // 4 + int(marker.split(" ")[0]) == 9000


@pytest.mark.parametrize(("n_chars", "is_cut"), [(3000, False), (3001, True)])
def test_text_is_cut_only_over_the_limit(n_chars: int, is_cut: bool, make_alert: MakeAlert) -> None:
    text = to_blocks(make_alert(text="x" * n_chars))[1]["text"]["text"]

    assert ("cut" in text) == is_cut


def test_floods_of_lines_are_folded(make_alert: MakeAlert) -> None:
    empty = to_blocks(make_alert(text="a" + "\n" * 500 + "b"))[1]["text"]["text"]
    many = to_blocks(make_alert(text="\n".join(str(i) for i in range(500))))[1]["text"]["text"]

    assert empty == "a\n\nb"
    assert many.count("\n") == 40
    assert many.endswith("... (460 more lines)")


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
