"""The promotion rule in a back-test: a challenger serves only when it wins on rows kept from it."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.stream import Stream
from evergreen.evaluation.compare import compare
from evergreen.promotion.rule import judge
from evergreen.records import Evaluation, Window
from evergreen.spec.promoting import PromotionRule

# Rows stand for seconds, so that holdouts which share rows overlap in time.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Gate:
    """What stands between a challenger and the champion's place.

    Attributes:
        rule: As in a spec; None: every challenger is promoted, though the holdout is kept from it.
        holdout_batches: Newest labelled rows that trainings leave out, to judge on, in batches:
            above 0, .25 is the newest quarter of the newest batch.
        min_rows: Fewer rows than this keep the champion.
    """

    rule: PromotionRule | None
    holdout_batches: float = 1.0
    min_rows: int = 100

    def holdout(self, stream: Stream, newest: int) -> slice:
        """Return the rows to judge on when ``newest`` is the newest labelled batch."""
        n_whole = int(self.holdout_batches)
        first = max(0, newest + 1 - n_whole)
        older = stream.rows(max(0, first - 1))
        n_part = round((self.holdout_batches - n_whole) * (older.stop - older.start))
        start = int(stream.edges[first]) - (n_part if first else 0)
        return slice(start, int(stream.edges[newest + 1]))

    def challenger(
        self, stream: Stream, newest: int, *, fraction: float, held: Set[int]
    ) -> ModelKey:
        """The model that a training leads to: it learns from what lies before the holdout."""
        edge = max(0, newest + 1 - int(self.holdout_batches))
        left_out = int(stream.edges[edge]) - self.holdout(stream, newest).start
        return ModelKey(edge, fraction, frozenset(b for b in held if b < edge), left_out)

    def is_passed(
        self,
        models: Models,
        *,
        challenger: ModelKey,
        champion: ModelKey,
        newest: int,
        earlier: list[Evaluation],
    ) -> bool:
        """Judge a challenger on the newest labelled rows.

        Args:
            models: Both are among them.
            challenger: Has not learnt from the holdout.
            champion: Neither.
            newest: Newest labelled batch.
            earlier: The evaluations so far; this one is added.
        """
        if self.rule is None:
            return True
        evaluation = self._evaluate(models, challenger, champion, newest)
        verdict = judge(evaluation, self.rule, min_rows=self.min_rows, earlier=earlier)
        earlier.append(evaluation)
        return verdict.verdict == "promote"

    def _evaluate(
        self, models: Models, challenger: ModelKey, champion: ModelKey, newest: int
    ) -> Evaluation:
        metric, rows = models.stream.metric, self.holdout(models.stream, newest)
        truth = _column(rows, models.stream, newest, models.truth)
        new, old = (
            _column(rows, models.stream, newest, partial(models.scores, key))
            for key in (challenger, champion)
        )
        return compare(
            truth,
            new,
            old,
            metric=metric,
            challenger_version=challenger.version,
            champion_version=champion.version,
            holdout=Window(
                start=EPOCH + timedelta(seconds=rows.start),
                end=EPOCH + timedelta(seconds=rows.stop),
            ),
            times=np.arange(truth.size),
        )


def _column(
    rows: slice, stream: Stream, newest: int, of_batch: Callable[[int], NDArray[Any]]
) -> NDArray[Any]:
    """Return a column of some rows, the last of which ends the newest batch."""
    first = int(np.searchsorted(stream.edges, rows.start, side="right")) - 1
    parts = [of_batch(batch) for batch in range(max(0, first), newest + 1)]
    return np.concatenate(parts)[rows.start - rows.stop :]
