"""Texts say what happened in common words: the worst habits do not come back.

Looked at are README, docs, runbooks, the DAGs' docstrings and every string of the package. A phrase
is refused with what to write instead. Phrases of places that still have some are counted below:
a number there may only fall.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("include/runbooks/*.md")]
CODE = [*ROOT.glob("dags/*.py"), *ROOT.glob("include/evergreen/**/*.py")]

PLAIN = {
    r"\bin vain\b": "say that it is ignored or has no effect",
    r"\bheeds?\b": "use, follow, or: ignores",
    r"\b[Ww]hoever\b": "name the role: 'the owner', 'read access grants ...'",
    r"\bnone of Evergreen's\b": "is not managed by Evergreen",
    r"\basks nothing back\b": "does not ask for confirmation",
    r"\bmend(?:s|ed)?\b": "fix",
    r"\bworld (?:that is |already )?gone\b": "no longer represents current data",
    r"\bworld has (?:turned|changed)\b": "the change is real; the data changed",
    r"\bneeds? somebody first\b": "needing attention first",
    r"\bleft the ledger\b": "disagrees with the ledger",
    r"\bright (?:to promote )?has ended\b": "it may no longer promote",
    r"\bwhat they would have said\b": "how past batches would have been classified",
    r"\bwhichever comes first\b": "say what is waited for",
    r"\bwants to be champion\b": "is awaiting approval",
    r"\bsudden harm\b": "a sudden drop",
    r"\bdecided anew\b": "decided again; a new decision starts",
    r"\bcomes? along\b": "is included",
    r"\bwhatever the signals say\b": "regardless of the signals",
    r"\bbeside your name\b": "with your name",
    r"\ball is well\b": "every check passes",
    r"(?<![\d.,])1 (?:batches|models|features|rules|guards|incidents|rows)\b": "1 batch",
    r"^Give(?:s)? ": "'Return ...' or 'The ...'",
}
# To be removed: places that were not rewritten yet, and how many such phrases each still has.
LEFT: dict[str, int] = {}


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a page or of a module: of code its strings, without what is put into them."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield re.sub(r"\s+", " ", source)
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\s+", " ", node.value).strip()


def faults_of(text: str) -> list[str]:
    """What is to be written instead, for each refused phrase of a text."""
    found = [(re.search(pattern, text), plain) for pattern, plain in PLAIN.items()]
    return [f"{match[0]!r}: {plain}" for match, plain in found if match is not None]


def place_of(path: Path) -> str:
    """The room of a module or the folder of a page, such as ``include/evergreen/policy``."""
    room = path.relative_to(ROOT).parent.parts[:3]
    return "/".join(room)


def test_texts_are_in_plain_english() -> None:
    found: dict[str, list[str]] = {}
    for path in [*PAGES, *CODE]:
        for text in texts_of(path):
            told = [f"{path.relative_to(ROOT)}: {fault}" for fault in faults_of(text)]
            found.setdefault(place_of(path), []).extend(told)

    too_many = {place: told for place, told in found.items() if len(told) > LEFT.get(place, 0)}
    assert too_many == {}


@pytest.mark.parametrize(
    "text",
    [
        "Give the newest batch.",
        "a column that the model does not use drifts in vain",
        "waited for 1 batches",
        "mend what it names",
    ],
)
def test_a_bad_habit_is_found(text: str) -> None:
    assert len(faults_of(text)) == 1


@pytest.mark.parametrize("text", ["11 batches", "1 batch", "We recommend a retrain.", "Given rows"])
def test_plain_text_is_let_through(text: str) -> None:
    assert faults_of(text) == []
