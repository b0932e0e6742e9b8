"""Which challengers a retrain tries, and which of them goes on to be judged."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evergreen.errors import DataError, MissingFileError, ModelFileError, TrainingError
from evergreen.ledger.records import VersionEntry
from evergreen.records import CandidateResult, TrainedModel
from evergreen.workflows.decide.policy_inputs import PolicyInputs
from evergreen.workflows.decide.score import Scorer, ScoringAccess, registered_scorer
from evergreen.workflows.decision_run import DecisionRun
from evergreen.workflows.ingest.labelled_data import count_labelled
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.train.holdout_comparison import Contest

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
            if _has_rows(context, run, recent):
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

    contest = Contest(context, run)
    seen: dict[str, Fitted | VersionEntry] = {}
    evaluations = []
    for candidate in candidates:
        try:
            one = _made(context, candidate, fit)
            with context.scratch() as folder:
                contender = contest.see(_scorer(context, one, folder))
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


def keep_looks(context: ModelContext, folder: str, looks: tuple[CandidateResult, ...]) -> None:
    """Keep beside a challenger what it was chosen from, for a rerun that does not fit again."""
    if looks:
        context.store.write_json(f"{folder}/{LOOKS}", {"looks": [one.to_json() for one in looks]})


def read_looks(context: ModelContext, folder: str) -> tuple[CandidateResult, ...]:
    """Read back what a challenger was chosen from; empty where it was the only one."""
    try:
        kept = context.store.read_json(f"{folder}/{LOOKS}")
    except MissingFileError:
        return ()
    return tuple(map(CandidateResult.from_json, kept["looks"]))


def _made(
    context: ModelContext, candidate: Candidate, fit: Callable[[Candidate], Fitted]
) -> Fitted | VersionEntry:
    if candidate.version is None:
        return fit(candidate)
    return context.ledger.versions.get(context.spec.name, candidate.version)


def _scorer(context: ModelContext, one: Fitted | VersionEntry, folder: Path) -> Scorer:
    if isinstance(one, VersionEntry):
        return registered_scorer(
            context.spec.name, context.ledger, context.registry, one.version, folder
        )
    return Scorer(one.file, one.trained.sha256, one.folder)


def _has_rows(context: ModelContext, run: DecisionRun, candidate: Candidate) -> bool:
    if run.training is None:
        return False
    window = run.training_window(candidate.fraction)
    n_rows = count_labelled(context.spec, context.ledger, context.store, window, before=run.batch)
    return n_rows >= context.spec.windows.min_training_rows
