from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from evergreen.evaluation.markdown import MAX_LENGTH, escape, facts, table

HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("[click](javascript:alert(1))", id="link"),
    pytest.param("![x](https://evil.example/x.png)", id="image"),
    pytest.param("https://evil.example and www.evil.example", id="bare links"),
    pytest.param("a | b || c", id="table"),
    pytest.param("`code` *bold* _it_ ~~gone~~", id="emphasis"),
    pytest.param("back\\slash \\| \\`", id="backslash"),
    pytest.param("&lt;b&gt; &amp; $x^2$ me@evil.example", id="entities"),
    pytest.param("# not a heading", id="heading"),
    pytest.param("dep_delay, Zürich, 東京", id="plain"),
]


def tokens(text: str) -> Iterator[Token]:
    """Parse as GitHub does, and give every token that is drawn."""
    parser = MarkdownIt("gfm-like", {"linkify": False})
    for token in parser.parse(text):
        yield token
        yield from token.children or ()


def shown(text: str) -> str:
    """Return the text that a reader sees."""
    return "".join(t.content for t in tokens(text) if t.type in ("text", "text_special"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_shown_as_it_is_written_and_never_obeyed(text: str) -> None:
    kinds = {token.type for token in tokens(facts([("name", text)]))}

    assert shown(facts([("name", text)])) == f"name: {text}"
    assert not kinds & {"link_open", "image", "code_inline", "html_inline", "html_block", "em_open"}
    assert "<" not in escape(text)
    assert "://" not in escape(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_one_cell(text: str) -> None:
    drawn = list(tokens(table(("a", "b"), [(text, None)])))

    assert [t.type for t in drawn].count("td_open") == 2
    assert shown(table(("a", "b"), [(text, None)])) == f"ab{text}-"


def test_lines_controls_and_direction_marks_do_not_get_through() -> None:
    assert escape("a\n\n# b\t c\u202e\x1b[31m") == "a # b c\ufffd\ufffd\\[31m"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert escape("x" * MAX_LENGTH) == "x" * MAX_LENGTH
    assert escape("x" * (MAX_LENGTH + 5)) == f"{'x' * MAX_LENGTH} (cut, 5 more)"


def test_facts_without_a_value_are_left_out() -> None:
    assert facts([("a", None), ("b", 0)]) == "- **b:** 0"
