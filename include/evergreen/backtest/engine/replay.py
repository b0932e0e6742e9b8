"""The replay: each policy decides batch by batch, as of then, with labels as they had come."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from evergreen.backtest.engine.models import ModelKey, Models
from evergreen.backtest.engine.policy_inputs import Eyes
from evergreen.backtest.engine.promotion_gate import Gate
from evergreen.backtest.engine.results import BacktestResult, Fit, PolicyRun
from evergreen.backtest.engine.stream import Stream
from evergreen.policy import PolicyRules, decide
from evergreen.records import Evaluation
from evergreen.signals import HOLD_BATCHES, PolicyDecision, PolicyState
from evergreen.spec.deciding import Policy, PolicyName

ALWAYS: tuple[PolicyName, ...] = ("never", "every", "periodic")
ALL: tuple[PolicyName, ...] = (*ALWAYS, "thresholds", "default")
# What kept is measured between; no rule stands in their way.
YARDSTICKS: tuple[PolicyName, ...] = ("never", "every")
ARCHIVE = 4


@dataclass
class _Run:
    """One policy on its way through the stream."""

    champion: ModelKey
    state: PolicyState = field(default_factory=PolicyState)
    served: list[ModelKey] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    scores: list[float | None] = field(default_factory=list)
    fits: list[Fit] = field(default_factory=list)
    promotions: list[int] = field(default_factory=list)
    alarms: list[int] = field(default_factory=list)
    quarantined: list[int] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)


def replay(
    stream: Stream,
    *,
    policies: Sequence[PolicyName] | None = None,
    spec_policy: Policy | None = None,
    gate: Gate | None = None,
    seed: int = 0,
    jobs: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> BacktestResult:
    """Play policies over a stream, always beside never, every and periodic.

    The champion at first is a model of the full window before the first batch. Each batch is scored
    by the champion of the moment, then the policy decides with the labels that have come by then; a
    retrain takes effect from the next batch on. Nothing is asked after the last batch.

    Args:
        stream: The history.
        policies: Which; None: all.
        spec_policy: Budget, restraints and period; defaults otherwise. Its name does not matter.
        gate: What a challenger must pass; None: it always serves, and has learnt the newest labels
            too. It does not stand in the way of never and every.
        seed: Seed of the fits.
        jobs: Threads for fitting.
        on_progress: Told (steps done, steps in all), often.
    """
    began = time.monotonic()
    rules = spec_policy or Policy()
    wanted = ALL if policies is None else policies
    names = [name for name in ALL if name in ALWAYS or name in wanted]
    n_plays = sum(len(_plans(name, rules)) for name in names)
    models = Models(stream, seed=seed)
    eyes = Eyes(models)
    n_fits = max(0, stream.n_batches - stream.label_delay)
    steps = _Steps(n_fits + n_plays * stream.n_batches, on_progress)
    models.fit_all((ModelKey(edge) for edge in range(n_fits)), jobs=jobs, on_fit=steps.advance)
    found = {
        name: play(models, eyes, name, rules=rules, gate=gate, on_step=steps.advance)
        for name in names
    }
    return BacktestResult(
        stream=stream.name,
        n_batches=stream.n_batches,
        seconds=round(time.monotonic() - began, 2),
        policies=found,
    )


def play(
    models: Models,
    eyes: Eyes,
    name: PolicyName,
    *,
    rules: Policy,
    gate: Gate | None = None,
    on_step: Callable[[], None] | None = None,
) -> PolicyRun:
    """Play one policy over a stream; the arguments are those of ``replay``.

    Args:
        models: Of the stream; what was fitted before is not fitted again.
        eyes: Over the same models.
        name: The policy.
        rules: Budget, restraints and period.
        gate: What a challenger must pass.
        on_step: Told after each batch of each run.
    """
    gate = None if name in YARDSTICKS else gate
    runs = [_play(models, eyes, plan, gate, on_step) for plan in _plans(name, rules)]
    return _mean(runs, models.stream.n_batches)


class _Steps:
    """Counts what is done."""

    def __init__(self, total: int, told: Callable[[int, int], None] | None) -> None:
        self._done, self._total, self._told = 0, total, told

    def advance(self) -> None:
        self._done += 1
        if self._told is not None:
            self._told(self._done, self._total)


def _plans(name: PolicyName, rules: Policy) -> list[Policy]:
    """Return the runs whose mean a policy is: the periodic one begins at each of its phases."""
    if name != "periodic":
        return [rules.model_copy(update={"name": name})]
    return [
        rules.model_copy(update={"name": name, "phase": phase})
        for phase in range(rules.every_batches)
    ]


def _play(
    models: Models,
    eyes: Eyes,
    policy: Policy,
    gate: Gate | None,
    on_step: Callable[[], None] | None,
) -> _Run:
    run = _Run(champion=ModelKey(0), served=[ModelKey(0)])
    rules = PolicyRules(policy=policy)
    n_batches = models.stream.n_batches
    for batch in range(n_batches):
        run.scores.append(models.estimate(run.champion, batch).value)
        if batch < n_batches - 1 and batch >= models.stream.label_delay:
            signals = eyes.see(
                batch,
                champion=run.champion,
                rivals=[key for key in run.served[-ARCHIVE:] if key != run.champion],
                held=run.held,
                wants_drift=policy.name in ("thresholds", "default"),
                holdout_batches=int(gate.holdout_batches) if gate else 0,
            )
            decision, run.state = decide(signals, run.state, rules)
            newest = batch - models.stream.label_delay
            challenger = _challenger(
                run, decision, batch, stream=models.stream, newest=newest, gate=gate
            )
            _promote(run, models, challenger, batch, newest=newest, gate=gate)
        if on_step is not None:
            on_step()
    return run


def _challenger(
    run: _Run,
    decision: PolicyDecision,
    batch: int,
    *,
    stream: Stream,
    newest: int,
    gate: Gate | None,
) -> ModelKey:
    """Do what was decided; give the model that it leads to, the champion where to none other."""
    run.sentences.append(decision.sentence)
    if decision.is_alarm:
        run.alarms.append(batch)
    if decision.is_suspect:
        run.held.add(batch)
        run.quarantined.append(batch)
    if decision.is_released:
        run.held -= set(range(batch - HOLD_BATCHES, batch))
    if decision.verdict == "reinstate":
        return next(key for key in run.served if key.version == decision.version)
    if decision.verdict != "retrain":
        return run.champion
    run.fits.append(Fit(batch=batch, fraction=decision.fraction))
    if gate is not None:
        return gate.challenger(stream, newest, fraction=decision.fraction, held=run.held)
    held = frozenset(b for b in run.held if b <= newest)
    return ModelKey(newest + 1, decision.fraction, held)


def _promote(
    run: _Run, models: Models, challenger: ModelKey, batch: int, *, newest: int, gate: Gate | None
) -> None:
    champion = run.champion
    if challenger == champion:
        return
    if gate is not None and not gate.is_passed(
        models, challenger=challenger, champion=champion, newest=newest, earlier=run.evaluations
    ):
        return
    run.promotions.append(batch)
    run.champion = challenger
    if challenger not in run.served:
        run.served.append(challenger)


def _mean(runs: list[_Run], n_batches: int) -> PolicyRun:
    """Join runs into one: scores are means over them, fits count by their share."""
    scores = [_mean_score(of_batch) for of_batch in zip(*(run.scores for run in runs), strict=True)]
    known = [score for score in scores if score is not None]
    fits = tuple(
        Fit(batch=fit.batch, fraction=fit.fraction / len(runs))
        for fit in sorted((fit for run in runs for fit in run.fits), key=lambda fit: fit.batch)
    )
    return PolicyRun(
        score=fmean(known) if known else None,
        scores=tuple(scores),
        fits=fits,
        cost=sum(fit.fraction for fit in fits) / n_batches,
        promotions=tuple(sorted({batch for run in runs for batch in run.promotions})),
        alarms=tuple(sorted({batch for run in runs for batch in run.alarms})),
        quarantined=tuple(sorted({batch for run in runs for batch in run.quarantined})),
    )


def _mean_score(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return fmean(known) if len(known) == len(scores) else None
