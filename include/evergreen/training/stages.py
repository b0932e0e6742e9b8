"""Where a child process is, written down before each step that may crash it."""

from collections.abc import Callable

Stage = Callable[[str], None]


def no_stage(_name: str) -> None:
    """Keep no note."""
