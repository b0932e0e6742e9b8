"""YAML without surprises."""

import pytest

from evergreen.spec.yaml_strict import MAX_NODES, parse_yaml


def problems_of(text: str) -> list[str]:
    return [str(problem) for problem in parse_yaml(text.encode()).problems]


def test_lines_are_known_for_keys_items_and_what_lies_below() -> None:
    document = parse_yaml(b"a:\n  b: 1\n  c:\n    - x\n    - {y: 2}\n")

    assert document.value == {"a": {"b": 1, "c": ["x", {"y": 2}]}}
    assert document.line_of(("a", "b")) == 2
    assert document.line_of(("a", "c", 1, "y")) == 5
    assert document.line_of(("a", "missing")) == 1
    assert document.line_of(("missing",)) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfa: 1\nb: x\n", id="byte-order mark"),
        pytest.param(b"a: 1\r\nb: x\r\n", id="CRLF"),
        pytest.param(b"%YAML 1.2\n---\na: 1\nb: x\n...\n", id="one marked document"),
        pytest.param(b"base: &base 1\na: *base\nb: x\n", id="a plain alias"),
    ],
)
def test_harmless_forms_are_read(content: bytes) -> None:
    document = parse_yaml(content)

    assert document.problems == ()
    assert {"a": 1, "b": "x"}.items() <= document.value.items()


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    assert problems_of("a:\n  b: 1\n  c: 2\n  b: 3\n") == [
        "line 4, a.b: this key occurs twice, first in line 2; keep one"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("# nothing\n", "the file is empty", id="comments only"),
        pytest.param("---\n", "the file is empty", id="null document"),
        pytest.param("- a\n", "holds a list", id="list"),
        pytest.param("hello", "holds only 'hello'", id="scalar"),
        pytest.param("a:\n\tb: 1\n", "line 2: a tab; YAML indents with spaces", id="tab"),
        pytest.param("a: [1\nb: 2\n", "line 2: is not YAML at column", id="open bracket"),
        pytest.param("a: \x01", "is not YAML", id="control character"),
        pytest.param("? [a]\n: b\n", "line 1: a key must be plain text", id="list as key"),
        pytest.param("a: *b\n", "line 1, a: the alias '*b' is used before", id="unknown alias"),
        pytest.param("a: &a [*a]\n", "the alias '*a' is used before or inside", id="own alias"),
        pytest.param("[" * 100_000, "nested deeper than 20", id="deep flow"),
        pytest.param("- " * 100_000, "nested deeper than 20", id="deep block"),
    ],
)
def test_unreadable_files_give_one_problem(text: str, expected: str) -> None:
    document = parse_yaml(text.encode())

    assert not document.is_readable
    assert expected in str(document.problems[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a: !!python/object/apply:os.system ['true']\n", "python/object/apply", id="python"
        ),
        pytest.param("a: !!int '3'\n", "tag:yaml.org,2002:int", id="core tag"),
        pytest.param("a: !env HOME\n", "'!env'", id="own tag"),
        pytest.param("a: 1\n---\nb: 2\n", "line 2: a second document", id="two documents"),
        pytest.param("a: .nan\n", ".nan is not a number", id="nan"),
        pytest.param("a: 010\n", "remove the leading 0, or quote it", id="octal"),
    ],
)
def test_readable_mistakes_are_told_and_the_rest_is_read(text: str, expected: str) -> None:
    document = parse_yaml(text.encode())

    assert document.is_readable
    assert "a" in document.value
    assert expected in str(document.problems[0])


def test_aliases_of_aliases_cannot_unfold_without_end() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, here in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{here}: &{here} [{', '.join([f'*{before}'] * 10)}]")

    assert f"more than {MAX_NODES} values" in problems_of("\n".join(lines))[0]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a: 1\nb: \xff\n", id="latin-1"),
        pytest.param("a: 1\nb: 2\n".encode("utf-16"), id="UTF-16"),
    ],
)
def test_other_encodings_are_refused(content: bytes) -> None:
    assert "is not UTF-8; save the file as UTF-8" in str(parse_yaml(content).problems[0])
