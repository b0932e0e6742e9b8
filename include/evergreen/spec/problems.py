"""One mistake in a file of a model's folder, and how a list of them reads."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """One mistake.

    Attributes:
        text: What came, what is allowed and what to do.
        key: Dotted path of the key (``drift.psi_limit``, ``data.features[2].kind``); empty for the
            whole file.
        line: Line of the file, counted from 1, where it is known.
    """

    text: str
    key: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = ", ".join(
            part for part in (f"line {self.line}" if self.line else "", self.key) if part
        )
        return f"{place}: {self.text}" if place else self.text


def describe(file: str, problems: Iterable[Problem]) -> str:
    """Return one text for all problems of a file, in the order of its lines."""
    ordered = sorted(problems, key=lambda problem: (problem.line or 0, problem.key))
    if len(ordered) == 1:
        return f"{file}: {ordered[0]}"
    lines = [f"  - {problem}" for problem in ordered[:MAX_SHOWN]]
    if len(ordered) > MAX_SHOWN:
        lines.append(f"  - and {len(ordered) - MAX_SHOWN} more")
    return "\n".join([f"{file}: {len(ordered)} problems", *lines])


def dotted(path: Iterable[str | int]) -> str:
    """Return a path of keys and list positions as people write it: ``data.features[2].kind``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
