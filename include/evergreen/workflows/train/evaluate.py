"""Evaluating a challenger: both models on the same newest rows, the guards, and the rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evergreen import dag_ids
from evergreen.failpoints import failpoint
from evergreen.ledger.ledger import Ledger
from evergreen.records import Evaluation, PromotionVerdict
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.score import Scorer, ScoringAccess, registered_scorer
from evergreen.workflows.decide.version_baseline import keep_baseline
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Trained
from evergreen.workflows.model_context import ModelContext, scratch_folder
from evergreen.workflows.run_state import newer_batch
from evergreen.workflows.train.holdout_comparison import Contest, scores_of
from evergreen.workflows.train.register import MODEL_FILE

if TYPE_CHECKING:
    from evergreen.registry.client import ModelRegistry


def evaluate(context: ModelContext, run: DecisionRun, trained: Trained) -> Evaluated:
    """Score both models anew on the newest labelled rows and apply the promotion rule.

    What this decision has promoted already is judged by the evaluation that it was promoted on.
    """
    from evergreen.promotion.rule import judge

    evaluation = _promoted_on(context.spec, context.ledger, run, trained) or _compared(
        ScoringAccess.of(context), run, trained
    )
    verdict = judge(
        evaluation,
        context.spec.promotion,
        min_rows=context.spec.windows.min_holdout_rows,
        earlier=context.ledger.decisions.evaluations(context.spec.name, before=run.decision_id),
    )
    if trained.version is not None and not run.request.dry_run:
        _keep_evaluation(
            context.spec,
            context.ledger,
            context.registry,
            trained.version,
            evaluation=evaluation,
            verdict=verdict,
        )
    reason = _why_outdated(context.spec, context.ledger, run)
    if verdict.verdict == "promote" and reason:
        outdated = {
            "verdict": "keep",
            "cause": "outdated",
            "sentence": f"{reason} ({verdict.sentence})",
        }
        verdict = verdict.model_copy(update=outdated)
    return Evaluated(evaluation=evaluation, verdict=verdict, spec_hash=run.spec_hash)


def _why_outdated(spec: ModelSpec, ledger: Ledger, run: DecisionRun) -> str:
    """Say why what the run decides about is not the newest any more; empty where it is."""
    newer = newer_batch(ledger, spec.name, run.batch)
    if newer is not None:
        return (
            f"batch {run.batch} is older than the newest, {newer}; decisions about the past"
            " never promote"
        )
    promotions = ledger.promotions
    latest = promotions.latest(run.model)
    champion = None if latest is None else latest.version
    is_mine = promotions.by_decision(run.model, run.decision_id) is not None
    if is_mine or champion == run.champion_version:
        return ""
    return (
        f"the champion changed from {_named(run.champion_version)} to {_named(champion)} while this"
        f" run was under way; the next batch decides about {_named(champion)}, or clear"
        f" {dag_ids.CHECK_REQUEST} with its downstream"
    )


def _named(version: str | None) -> str:
    return "none" if version is None else f"v{version}"


def _promoted_on(
    spec: ModelSpec, ledger: Ledger, run: DecisionRun, trained: Trained
) -> Evaluation | None:
    """Return what the challenger was promoted on, if this decision has promoted it."""
    made = ledger.promotions.by_decision(spec.name, run.decision_id)
    if made is None or made.state != "committed" or made.version != trained.version:
        return None
    return ledger.versions.get(spec.name, made.version).evaluation


def _compared(access: ScoringAccess, run: DecisionRun, trained: Trained) -> Evaluation:
    """Let the challenger meet the champion, guards and all; keep its scores for monitoring."""
    contest = Contest(access, run)
    with _scorer_of(access, trained) as scorer:
        challenger = contest.see(scorer)
        evaluation = contest.compare(challenger, trained.version).model_copy(
            update={
                "guards": contest.guards(challenger, scorer),
                "candidates": trained.candidates,
            }
        )
    if trained.version is not None and not run.request.dry_run:
        keep_baseline(
            access.spec, access.store, trained.folder, contest.rows, scores_of(challenger)
        )
    return evaluation


@contextmanager
def _scorer_of(access: ScoringAccess, trained: Trained) -> Iterator[Scorer]:
    """Return the challenger's file on this machine: from the registry, or from scratch."""
    with scratch_folder(access.spec.name) as local:
        if trained.version is not None:
            yield registered_scorer(
                access.spec.name, access.ledger, access.open_registry(), trained.version, local
            )
            return
        file = local / MODEL_FILE
        access.store.download(trained.model.path, file)
        yield Scorer(file, trained.sha256, trained.folder)


def _keep_evaluation(
    spec: ModelSpec,
    ledger: Ledger,
    registry: "ModelRegistry",
    version: str,
    *,
    evaluation: Evaluation,
    verdict: PromotionVerdict,
) -> None:
    ledger.versions.record_evaluation(spec.name, version, evaluation)
    failpoint("after_evaluation_recorded")
    tags = {"evergreen.verdict": verdict.verdict, "evergreen.verdict_sentence": verdict.sentence}
    for name, value in (("metric", evaluation.challenger.value), ("gain", evaluation.gain)):
        if value is not None:
            tags[f"evergreen.holdout_{name}"] = f"{value:.6f}"
    registry.tag_version(spec.name, version, tags)
