"""Which challengers a retrain tries, and which of them goes on to be judged."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evergreen.errors import DataError, MissingFileError, ModelFileError, TrainingError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import VersionEntry
from evergreen.records import CandidateResult, TrainedModel
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.policy_inputs import PolicyInputs
from evergreen.workflows.decide.score import Scorer, ScoringAccess, registered_scorer
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.ingest.labelled_data import count_labelled
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.holdout_comparison import Contest

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry
    from evergreen.storage.store import Store

log = logging.getLogger(__name__)

LOOKS = "candidates.json"


@dataclass(frozen=True)
class Candidate:
    """One way to get a challenger.

    Attributes:
        name: ``full``, ``recent``, or ``archived v3``.
        fraction: Share of the training window to learn from, its newest part.
        version: A former champion that is taken as it is; None: to be fitted.
    """

    name: str
    fraction: float
    version: str | None = None


@dataclass(frozen=True)
class Fitted:
    """A candidate that was fitted: its file on this machine, not registered yet."""

    candidate: Candidate
    file: Path
    trained: TrainedModel
    folder: str


def candidates_for(context: ModelContext, run: DecisionRun, *, fraction: float) -> list[Candidate]:
    """Return what the spec wants tried, as far as there are rows and former champions for it.

    The very first model has nothing to be compared with: then only the first of them is tried.
    """
    training = context.spec.training
    found: list[Candidate] = []
    for name in training.candidates:
        if name == "full":
            found.append(Candidate("full", fraction))
        elif name == "recent":
            recent = Candidate("recent", fraction * training.recent_share)
            if _has_rows(context.spec, context.ledger, context.store, run, recent):
                found.append(recent)
    champion = run.champion_version
    if champion is None or not found:
        return found[:1] or [Candidate("full", fraction)]
    if "archived" in training.candidates:
        rivals = PolicyInputs(ScoringAccess.of(context), run.batch, champion).rivals
        found += [Candidate(f"archived v{one.version}", 1.0, one.version) for one in rivals]
    return found


def pick(
    context: ModelContext,
    run: DecisionRun,
    candidates: list[Candidate],
    fit: Callable[[Candidate], Fitted],
) -> tuple[Fitted | VersionEntry, tuple[CandidateResult, ...]]:
    """Fit the candidates, judge all on the same newest rows, and give the best.

    A single candidate is not looked at: it goes on to be judged as it is.

    Returns:
        What goes on, a fresh fit or a former champion, and all that was looked at.
    """
    if len(candidates) == 1:
        return fit(candidates[0]), ()
    from evergreen.evaluation.choose import choose

    contest = Contest(ScoringAccess.of(context), run)
    seen: dict[str, Fitted | VersionEntry] = {}
    evaluations = []
    for candidate in candidates:
        try:
            one = _made(context.spec, context.ledger, candidate, fit)
            with context.scratch() as folder:
                contender = contest.see(
                    _scorer(context.spec, context.ledger, context.registry, one, folder)
                )
            evaluation = contest.compare(contender, candidate.version)
        except (TrainingError, ModelFileError, DataError) as err:
            if candidate is candidates[0]:
                raise
            log.warning(
                "candidate %s of %s is left out: %s", candidate.name, context.spec.name, err
            )
            continue
        seen[candidate.name] = one
        evaluations.append((candidate.name, evaluation))
    name, chosen = choose(evaluations)
    log.info("%s: %s is the best of %s", context.spec.name, name, ", ".join(seen))
    for other, one in seen.items():
        if other != name and isinstance(one, Fitted):
            context.store.delete(one.folder)
    return seen[name], chosen.candidates


def keep_looks(store: "Store", folder: str, looks: tuple[CandidateResult, ...]) -> None:
    """Keep beside a challenger what it was chosen from, for a rerun that does not fit again."""
    if looks:
        store.write_json(f"{folder}/{LOOKS}", {"looks": [one.to_json() for one in looks]})


def read_looks(store: "Store", folder: str) -> tuple[CandidateResult, ...]:
    """Read back what a challenger was chosen from; empty where it was the only one."""
    try:
        kept = store.read_json(f"{folder}/{LOOKS}")
    except MissingFileError:
        return ()
    return tuple(map(CandidateResult.from_json, kept["looks"]))


def _made(
    spec: ModelSpec, ledger: Ledger, candidate: Candidate, fit: Callable[[Candidate], Fitted]
) -> Fitted | VersionEntry:
    if candidate.version is None:
        return fit(candidate)
    return ledger.versions.get(spec.name, candidate.version)


def _scorer(
    spec: ModelSpec,
    ledger: Ledger,
    registry: "ModelRegistry",
    one: Fitted | VersionEntry,
    folder: Path,
) -> Scorer:
    if isinstance(one, VersionEntry):
        return registered_scorer(spec.name, ledger, registry, one.version, folder)
    return Scorer(one.file, one.trained.sha256, one.folder)


def _has_rows(
    spec: ModelSpec, ledger: Ledger, store: "Store", run: DecisionRun, candidate: Candidate
) -> bool:
    if run.training is None:
        return False
    window = run.training_window(candidate.fraction)
    n_rows = count_labelled(spec, ledger, store, window, before=run.batch)
    return n_rows >= spec.windows.min_training_rows
