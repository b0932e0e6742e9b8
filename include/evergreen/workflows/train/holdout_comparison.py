"""Champion and challengers on the same newest labelled rows, each with its own feature code."""

import logging
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from evergreen.errors import DataError, EmptyWindowError, ModelFileError
from evergreen.records import Evaluation, GuardResult, Window
from evergreen.workflows.decide.score import (
    Scorer,
    ScoringAccess,
    registered_scorer,
    timed_scores,
)
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.ingest.labelled_data import read_labelled
from evergreen.workflows.model_context import scratch_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evergreen.evaluation.scored_rows import Contender, Rows

log = logging.getLogger(__name__)


class Contest:
    """One holdout on which models meet; the champion is scored once for all comparisons.

    Args:
        access: What scoring needs of the model.
        run: What the run decides about.

    Raises:
        EmptyWindowError: No labels have matured before the batch.
    """

    def __init__(self, access: ScoringAccess, run: DecisionRun) -> None:
        self.window = run.holdout_window()
        self.rows = read_labelled(
            access.spec, access.ledger, access.store, self.window, before=run.batch
        )
        self.champion_version = run.champion_version
        self._spec_hash = run.spec_hash
        self._access = access
        self._batch = run.batch
        self._problem = ""

    @property
    def target(self) -> "NDArray[np.float64]":
        """Labels of the holdout, shape (n,)."""
        return _column(self.rows, self._access.spec.data.target)

    @property
    def times(self) -> "NDArray[Any]":
        """Event times of the holdout, shape (n,)."""
        return _column(self.rows, self._access.spec.data.time_column)

    def see(self, scorer: Scorer) -> "Contender":
        """Let a model score the holdout.

        Raises:
            ModelFileError: Its file cannot be used.
            DataError: The rows do not fit it.
        """
        from evergreen.evaluation.scored_rows import Contender

        scores, seconds = self._score(scorer, self.rows)
        return Contender(scores, seconds, scorer.file.stat().st_size)

    @cached_property
    def champion(self) -> "Contender | None":
        """The champion on the holdout, without scores if it cannot be scored; None: there is none.

        What a retry may help against is raised instead.
        """
        from evergreen.evaluation.scored_rows import Contender

        if self.champion_version is None:
            return None
        try:
            with scratch_folder(self._access.spec.name) as folder:
                scorer = self._registered(self.champion_version, folder)
                return self.see(scorer)
        except (ModelFileError, DataError) as err:
            self._problem = str(err)
            log.error("champion v%s: %s", self.champion_version, err)  # noqa: TRY400 - told twice
            return Contender(None)

    def compare(self, challenger: "Contender", version: str | None) -> Evaluation:
        """Compare a challenger with the champion, without the guards."""
        from evergreen.evaluation.compare import compare

        champion = self.champion
        return compare(
            self.target,
            scores_of(challenger),
            None if champion is None else champion.scores,
            metric=self._access.spec.metric,
            challenger_version=version,
            champion_version=self.champion_version,
            champion_problem=self._problem,
            holdout=self.window,
            times=self.times,
        ).model_copy(update={"evaluated_at": datetime.now(UTC), "spec_hash": self._spec_hash})

    def guards(self, challenger: "Contender", scorer: Scorer) -> tuple[GuardResult, ...]:
        """Compare all that the spec guards."""
        from evergreen.evaluation.guards import check_guards

        spec = self._access.spec
        return check_guards(
            spec.promotion.guards,
            metric=spec.metric,
            target=self.target,
            challenger=challenger,
            champion=self.champion,
            columns=self._sliced(),
            times=self.times,
            older=self._older(scorer),
        )

    def _sliced(self) -> "dict[str, NDArray[Any]]":
        names = [
            n for n in self._access.spec.promotion.guards.slices if n in self.rows.column_names
        ]
        return {name: _column(self.rows, name) for name in names}

    def _older(self, challenger: Scorer) -> "Rows | None":
        """Let both models score the window of the forgetting check; None: nothing to score."""
        from evergreen.evaluation.scored_rows import Rows

        access = self._access
        days = access.spec.promotion.guards.forgetting_days
        champion = self.champion
        if days is None or champion is None or champion.scores is None:
            return None
        shift = timedelta(days=days)
        window = Window(start=self.window.start - shift, end=self.window.end - shift)
        try:
            rows = read_labelled(
                access.spec, access.ledger, access.store, window, before=self._batch
            )
        except EmptyWindowError:
            return None
        if rows.num_rows == 0:
            return None
        with scratch_folder(self._access.spec.name) as folder:
            scorer = self._registered(self.champion_version or "", folder)
            before, _ = self._score(scorer, rows)
        after, _ = self._score(challenger, rows)
        data = self._access.spec.data
        return Rows(
            self._access.spec.metric,
            _column(rows, data.target),
            before,
            after,
            _column(rows, data.time_column),
        )

    def _score(self, scorer: Scorer, rows: pa.Table) -> "tuple[NDArray[np.float64], float]":
        from evergreen.training.scores import to_array

        with scratch_folder(self._access.spec.name) as folder:
            column, seconds = timed_scores(
                self._access.spec,
                self._access.store,
                scorer,
                rows,
                folder,
                memory_bytes=self._access.memory_bytes,
            )
        return to_array(column), seconds

    def _registered(self, version: str, folder: Path) -> Scorer:
        access = self._access
        return registered_scorer(
            access.spec.name, access.ledger, access.open_registry(), version, folder
        )


def scores_of(contender: "Contender") -> "NDArray[np.float64]":
    """Return the scores of a model that has scored, as numbers."""
    import numpy as np

    return np.asarray(contender.scores, dtype=np.float64)


def _column(rows: pa.Table, name: str) -> "NDArray[Any]":
    values: NDArray[Any] = rows[name].to_numpy()
    return values
