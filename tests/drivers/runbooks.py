"""Reads a runbook as a drill does: its sections, and the commands that somebody would type.

A block of commands says in its fence what it is for: ``look``, ``act=<name>``, ``check`` (after
any act) or ``check=<name>`` (after that act). What stands in angle brackets comes from the alert.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

RUNBOOKS = Path(__file__).parents[2] / "include" / "runbooks"
SECTIONS = (
    "Symptom",
    "How sure we are",
    "Look",
    "Decide",
    "Act",
    "Check that it worked",
    "Escalate",
)
Role = Literal["look", "act", "check"]
SECTION_OF: dict[Role, str] = {
    "look": "Look",
    "act": "Act",
    "check": "Check that it worked",
}
PLACEHOLDERS = frozenset({"model", "batch", "version", "dag", "task", "run", "incident", "why"})
FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INFO = re.compile(r"bash (look|act|check)(?:=([a-z]+))?")
PLACEHOLDER = re.compile(r"<([^<>\n]*)>")
SAFE_VALUE = re.compile(r"[\w.:+,-]+(?: [\w.:+,-]+)*", re.ASCII)  # means nothing to a shell


class RunbookError(Exception):
    """A runbook is not as a drill needs it."""


@dataclass(frozen=True)
class Block:
    """The commands of one fence.

    Attributes:
        role: What they are for.
        name: Which of several ways to act; empty for ``look``, and for a check after any act.
        text: The commands as they stand, placeholders in angle brackets.
    """

    role: Role
    name: str
    text: str

    def __post_init__(self) -> None:
        unknown = self.placeholders - PLACEHOLDERS
        if unknown:
            raise RunbookError(
                f"unknown placeholder <{min(unknown)}> in {self.text!r}; there are:"
                f" {', '.join(sorted(PLACEHOLDERS))}"
            )

    @property
    def placeholders(self) -> frozenset[str]:
        """What is to be filled in."""
        return frozenset(PLACEHOLDER.findall(self.text))

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the commands with these values in place.

        Raises:
            RunbookError: A value is missing, or means something to a shell.
        """
        missing = self.placeholders - values.keys()
        if missing:
            raise RunbookError(f"no value for <{min(missing)}> of {self.text!r}")
        for name in self.placeholders:
            if not SAFE_VALUE.fullmatch(values[name]):
                raise RunbookError(f"<{name}> is {values[name]!r}; a shell would read more in it")
        return PLACEHOLDER.sub(lambda found: values[found[1]], self.text)


@dataclass(frozen=True)
class Runbook:
    """One runbook: the text of each section, and the blocks of commands in their order."""

    kind: str
    sections: Mapping[str, str]
    blocks: tuple[Block, ...]

    @property
    def looks(self) -> tuple[Block, ...]:
        """What to look at."""
        return tuple(block for block in self.blocks if block.role == "look")

    @property
    def acts(self) -> Mapping[str, Block]:
        """The ways to act, by name."""
        return {block.name: block for block in self.blocks if block.role == "act"}

    def check_after(self, act: str) -> Block:
        """Return the check that tells whether this act has worked."""
        checks = {block.name: block for block in self.blocks if block.role == "check"}
        return checks[act] if act in checks else checks[""]


def kinds_with_a_runbook() -> list[str]:
    """Return the kinds of alert that have one."""
    return sorted(path.stem for path in RUNBOOKS.glob("*.md"))


def read_runbook(kind: str) -> Runbook:
    """Read the runbook of a kind of alert."""
    return parse(kind, (RUNBOOKS / f"{kind}.md").read_text(encoding="utf-8"))


def parse(kind: str, text: str) -> Runbook:
    """Take a runbook apart.

    Raises:
        RunbookError: A section is missing or out of order, a fence is of no known kind or stands in
            another section, a placeholder is unknown, an act has no check, or a name comes twice.
    """
    sections = _sections(kind, text)
    blocks = tuple(
        _block(kind, section, info, body)
        for section, body_of_section in sections.items()
        for info, body in FENCE.findall(body_of_section)
    )
    runbook = Runbook(kind, sections, blocks)
    _check_blocks(runbook)
    return runbook


def _sections(kind: str, text: str) -> dict[str, str]:
    head, *parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    found = tuple(parts[::2])
    if found != SECTIONS:
        raise RunbookError(
            f"{kind}: sections are {', '.join(found)}; expected {', '.join(SECTIONS)}"
        )
    if not re.fullmatch(r"# [^\n]+\n\s*", head):
        raise RunbookError(f"{kind}: expected a title and nothing else before {SECTIONS[0]!r}")
    bodies = [body.strip() for body in parts[1::2]]
    if "" in bodies:
        raise RunbookError(f"{kind}: section {found[bodies.index('')]!r} is empty")
    return dict(zip(found, bodies, strict=True))


def _block(kind: str, section: str, info: str, body: str) -> Block:
    match = INFO.fullmatch(info)
    if match is None:
        raise RunbookError(
            f"{kind}: fence {info!r} in {section!r}; expected bash look, act=<name> or check"
        )
    role = cast("Role", match[1])
    if SECTION_OF[role] != section:
        raise RunbookError(f"{kind}: {info!r} stands in {section!r}, not in {SECTION_OF[role]!r}")
    return Block(role, match[2] or "", body.strip())


def _check_blocks(runbook: Runbook) -> None:
    names = [(block.role, block.name) for block in runbook.blocks if block.role != "look"]
    checks = {name for role, name in names if role == "check"}
    acts = {name for role, name in names if role == "act"}
    promises = {
        "it has no block to look with": bool(runbook.looks),
        "it has no act": bool(acts),
        "an act has no name": "" not in acts,
        "a look has a name": not any(look.name for look in runbook.looks),
        "two blocks have one name": len(set(names)) == len(names),
        "a check is of no act": checks - {""} <= acts,
        "an act has no check": "" in checks or acts <= checks,
        "Decide does not name every act": all(
            f"**{name}**" in runbook.sections["Decide"] for name in acts
        ),
    }
    for problem, is_kept in promises.items():
        if not is_kept:
            raise RunbookError(f"{runbook.kind}: {problem}")
