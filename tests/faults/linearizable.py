"""Is a recorded history one that a register with compare-and-set could have given?

The search of Wing and Gong (1993) with the memory of Lowe (2017): take operations one after the
other, each within the time between its call and its answer, so that every answer fits the register.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

# ok: it was set. fail: the register held another value. refused: not set, for another reason.
# info: the caller died; nobody knows whether it was set.
Answer = Literal["ok", "fail", "refused", "info"]


@dataclass(frozen=True)
class Operation:
    """One call: a compare-and-set from ``expected`` to ``value``, or a read that gave ``value``.

    ``returned`` is infinite where no answer came: it may take effect at any time after, or never.
    """

    kind: Literal["cas", "read"]
    value: str | None
    invoked: float
    returned: float = inf
    expected: str | None = None
    answer: Answer = "ok"

    def states_after(self, state: str | None) -> tuple[str | None, ...]:
        """Return the values that the register may hold after this operation; none: it cannot be."""
        holds = state == self.expected
        if self.kind == "read":
            return (state,) if state == self.value else ()
        if self.answer == "ok":
            return (self.value,) if holds else ()
        if self.answer == "fail":
            return () if holds else (state,)
        if self.answer == "info" and holds:
            return (self.value, state)
        return (state,)


def is_linearizable(history: Sequence[Operation], initial: str | None) -> bool:
    """Return whether some order of the operations explains every answer."""
    everything = frozenset(n for n, operation in enumerate(history) if operation.answer != "info")
    seen: set[tuple[frozenset[int], str | None]] = set()
    waiting: list[tuple[frozenset[int], str | None]] = [(frozenset(), initial)]
    while waiting:
        done, state = waiting.pop()
        if everything <= done:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        left = [n for n in range(len(history)) if n not in done]
        first_answer = min(history[n].returned for n in left)
        for n in left:
            if history[n].invoked <= first_answer:
                waiting += [(done | {n}, after) for after in history[n].states_after(state)]
    return False
