"""The summary of a day: how each model stands, those needing attention first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from evergreen.presentation.formatting import plural
from evergreen.records import Alert

MAX_LINES = 12


@dataclass(frozen=True)
class ModelDay:
    """What happened to one model in a day.

    Attributes:
        model: The model.
        must_act: Titles of the open incidents that wait for a person.
        open: Titles of the other open incidents.
        ended: Titles of the incidents that ended, those told once among them.
        n_decided: Decisions made.
    """

    model: str
    must_act: tuple[str, ...]
    open: tuple[str, ...]
    ended: tuple[str, ...]
    n_decided: int

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell but its decisions."""
        return not (self.must_act or self.open or self.ended)


def digest(name: str, day: date, models: Sequence[ModelDay]) -> Alert:
    """Return the summary of a day for one channel.

    Args:
        name: Names the message; it is told once.
        day: The day on which it is told; it is about the 24 hours before.
        models: The models of the channel, at least one.
    """
    ranked = sorted(models, key=_rank)
    lines = [line for one in ranked if not one.is_quiet for line in _lines(one)]
    n_quiet = sum(one.is_quiet for one in models)
    n_decided = sum(one.n_decided for one in models)
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], f"and {len(lines) - MAX_LINES} more"]
    if n_quiet:
        lines.append(f"{plural(n_quiet, 'model')} without incident.")
    n_waiting = sum(len(one.must_act) for one in models)
    waits = f", {plural(n_waiting, 'incident')} for you" if n_waiting else ""
    return Alert(
        model=ranked[0].model,
        kind="stood_down",
        message_key=name,
        thread=name,
        title=f"Summary of {day:%Y-%m-%d}: {plural(len(models), 'model')}{waits}",
        text="\n".join([f"{plural(n_decided, 'decision')} in 24 hours.", *lines]),
        must_act=n_waiting > 0,
    )


def _rank(one: ModelDay) -> tuple[int, int, int, str]:
    return (-len(one.must_act), -len(one.open), -len(one.ended), one.model)


def _lines(one: ModelDay) -> list[str]:
    marked = (("act", one.must_act), ("open", one.open), ("over", one.ended))
    return [f"- {mark}: {title}" for mark, titles in marked for title in titles]
