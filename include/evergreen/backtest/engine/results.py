"""What a back-test found: per policy the score of every batch, the fits, and what they cost."""

import json

from evergreen.records import Record


class Fit(Record):
    """One training: after which batch (index), on which fraction (0..1] of the full window.

    A policy that is a mean over several runs, as the periodic one over its phases, counts each of
    its fits by its share: the fraction is then that much smaller.
    """

    batch: int
    fraction: float


class PolicyRun(Record):
    """One policy over the whole stream.

    ``scores`` is the metric of the champion of the moment on every batch, scored before anything
    was learnt from it; None where a batch has no metric (one class only). ``cost`` is the sum of
    the fractions over the number of batches. ``promotions``, ``alarms`` and ``quarantined`` are
    indices of batches.
    """

    score: float | None
    scores: tuple[float | None, ...]
    fits: tuple[Fit, ...]
    cost: float
    promotions: tuple[int, ...] = ()
    alarms: tuple[int, ...] = ()
    quarantined: tuple[int, ...] = ()


class BacktestResult(Record):
    """All policies over one stream; ``seconds`` is wall time, the rest follows from the seed."""

    stream: str
    n_batches: int
    seconds: float
    policies: dict[str, PolicyRun]

    def to_text(self) -> str:
        """Return the text of its JSON file; the same result gives the same text."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        return f"{text}\n"
