"""The values of each exported metric, by its labels; unmeasured values are left out, never 0."""

from collections.abc import Iterable
from typing import get_args

from evergreen.ledger.queries.metrics import UNDELIVERED, UNSETTLED
from evergreen.records import Severity
from evergreen.web.metrics.collect import Reading, limit_seconds

Samples = Iterable[tuple[tuple[str, ...], float | None]]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


def ledger_up(reading: Reading) -> Samples:
    """Return 1 where the ledger answered."""
    yield (), float(reading.is_ledger_up)


def owners(reading: Reading) -> Samples:
    """Return 1 for each model and its owner."""
    for name, spec in reading.specs.items():
        yield (name, spec.owner), 1


def readable_specs(reading: Reading) -> Samples:
    """Return 1 for each model whose spec can be read, else 0."""
    for name in reading.models:
        yield (name,), float(name in reading.specs)


def decisions(reading: Reading) -> Samples:
    """Return the settled decisions by verdict and outcome."""
    for count in reading.decisions:
        if count.outcome not in UNSETTLED:
            yield (count.model, count.verdict, count.outcome), count.n_decisions


def unsettled(reading: Reading) -> Samples:
    """Return the decisions that are open or failed."""
    found: dict[tuple[str, ...], int] = {
        (name, outcome): 0 for name in reading.models for outcome in UNSETTLED
    }
    for count in reading.decisions:
        if count.outcome in UNSETTLED:
            found[count.model, count.outcome] += count.n_decisions
    yield from found.items()


def decided_at(reading: Reading) -> Samples:
    """Return when the newest decision was made."""
    for name, latest in reading.latest.items():
        yield (name,), latest.figures.decided_at.timestamp()


def accepted_at(reading: Reading) -> Samples:
    """Return when the newest accepted batch was ingested."""
    for name, counts in reading.batches.items():
        yield (name,), counts.newest.timestamp()


def waiting(reading: Reading) -> Samples:
    """Return how many accepted batches wait for a decision."""
    for name in reading.models:
        counts = reading.batches.get(name)
        yield (name,), counts.n_waiting if counts else 0


def waiting_since(reading: Reading) -> Samples:
    """Return since when the oldest batch waits, if one does."""
    for name, counts in reading.batches.items():
        if counts.oldest_waiting is not None:
            yield (name,), counts.oldest_waiting.timestamp()


def overdue(reading: Reading) -> Samples:
    """Return how many batches wait past their limit; none while an approval is open."""
    for name in reading.specs:
        counts = reading.batches.get(name)
        is_late = counts is not None and name not in reading.approvals
        yield (name,), counts.n_overdue if counts and is_late else 0


def due(reading: Reading) -> Samples:
    """Return how many batches have a decision or are past their limit."""
    for name in reading.specs:
        counts = reading.batches.get(name)
        yield (name,), counts.n_due if counts else 0


def in_time(reading: Reading) -> Samples:
    """Return how many batches had a decision within their limit."""
    for name in reading.specs:
        counts = reading.batches.get(name)
        yield (name,), counts.n_in_time if counts else 0


def limits(reading: Reading) -> Samples:
    """Return the limit in seconds for the decision about a batch."""
    for name, spec in reading.specs.items():
        yield (name,), limit_seconds(spec)


def champion(reading: Reading) -> Samples:
    """Return 1 for each model and its champion."""
    for name, promotion in reading.champions.items():
        yield (name, promotion.version), 1


def promoted_at(reading: Reading) -> Samples:
    """Return when the champion was promoted."""
    for name, promotion in reading.champions.items():
        yield (name,), promotion.promoted_at.timestamp()


def promotions(reading: Reading) -> Samples:
    """Return the promotions and rollbacks by kind."""
    for count in reading.promotions:
        yield (count.model, count.value), count.n_rows


def held(reading: Reading) -> Samples:
    """Return 1 if a person or a freeze of the spec holds promotions, else 0."""
    for name in reading.models:
        spec = reading.specs.get(name)
        freezes = spec.promotion.freeze if spec else ()
        yield (name, "hold"), float(name in reading.held)
        yield (name, "freeze"), float(any(f.start <= reading.at < f.end for f in freezes))


def approvals(reading: Reading) -> Samples:
    """Return how many approvals are open."""
    for name in reading.models:
        yield (name,), len(reading.approvals.get(name, ()))


def metric(reading: Reading) -> Samples:
    """Return the champion's metric on the newest matured labels."""
    for name, latest in reading.latest.items():
        yield (name, latest.figures.metric_name or ""), latest.figures.metric


def reference_metric(reading: Reading) -> Samples:
    """Return the champion's metric when it was promoted."""
    for name, latest in reading.latest.items():
        yield (name, latest.figures.metric_name or ""), latest.figures.reference_metric


def drifted_share(reading: Reading) -> Samples:
    """Return the share of features that drifted, of the newest decision's batch."""
    for name, latest in reading.latest.items():
        yield (name,), latest.figures.drifted_share


def coverage(reading: Reading) -> Samples:
    """Return the share of scored rows whose labels had arrived."""
    for name, latest in reading.latest.items():
        yield (name,), latest.figures.coverage


def incidents(reading: Reading) -> Samples:
    """Return how many incidents are open, by severity."""
    for name in reading.models:
        found = [incident.severity for incident in reading.incidents.get(name, ())]
        for severity in SEVERITIES:
            yield (name, severity), found.count(severity)


def undelivered(reading: Reading) -> Samples:
    """Return how many alerts were not delivered."""
    found: dict[tuple[str, ...], int] = {
        (name, state): 0 for name in reading.models for state in UNDELIVERED
    }
    found.update({(count.model, count.value): count.n_rows for count in reading.undelivered})
    yield from found.items()


def steps(reading: Reading) -> Samples:
    """Return the duration of the newest successful run of each task."""
    for step in reading.steps:
        yield (step.model, step.dag, step.step), step.seconds
