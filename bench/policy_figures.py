"""What the policy benchmark says of its back-tests: kept, cost, found changes, bursts, targets."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bench.policy_streams import KnownStream

from evergreen.backtest.engine.results import BacktestResult, PolicyRun
from evergreen.backtest.report.summary import MIN_GAIN, SummaryRow, summarise

Json = dict[str, Any]

# An alarm or a fit this many batches after a change (and its labels) counts as an answer to it.
ANSWER_BATCHES = 5


class Played(NamedTuple):
    """One stream, replayed with one label delay."""

    name: str
    known: KnownStream
    label_delay: int
    result: BacktestResult

    @property
    def rows(self) -> dict[str, SummaryRow]:
        """The summary, by policy."""
        return {row.policy: row for row in summarise(self.result, self.known.metric)}

    @property
    def gain(self) -> float:
        """What retraining at every batch gains."""
        return self.rows["every"].gain or 0.0

    @property
    def counts(self) -> bool:
        """Whether it is pooled: real, and retraining gains enough."""
        return self.known.kind == "real" and self.gain >= MIN_GAIN


class Pooled(NamedTuple):
    """One policy over several streams: sums of gains, mean cost, and the worst stream."""

    kept: float
    cost: float
    worst: float
    worst_stream: str


def pool(played: Sequence[Played], policy: str) -> Pooled | None:
    """Pool a policy over the streams that count; None where there are none."""
    counted = [one for one in played if one.counts and policy in one.rows]
    if not counted:
        return None
    available = sum(one.gain for one in counted)
    worst = min(counted, key=lambda one: one.rows[policy].kept or 0.0)
    return Pooled(
        kept=sum(one.rows[policy].gain or 0.0 for one in counted) / available,
        cost=sum(one.rows[policy].cost for one in counted) / len(counted),
        worst=worst.rows[policy].kept or 0.0,
        worst_stream=worst.name,
    )


def answers(one: Played, policy: str) -> list[Json]:
    """Say for each known change how many batches later a policy raised an alarm, and retrained."""
    run = one.result.policies[policy]
    found = []
    for row in one.known.changes:
        batch = one.known.batch_of(row)
        found.append(
            {
                "row": row,
                "batch": batch,
                "alarm_after": _after(run.alarms, batch),
                "fit_after": _after((fit.batch for fit in run.fits), batch),
            }
        )
    return found


def false_alarms_per_100(one: Played, policy: str) -> float | None:
    """Count alarms that answer no change, per 100 batches; None where not all changes are known."""
    if not one.known.has_known_changes:
        return None
    starts = [one.known.batch_of(row) for row in one.known.changes]
    starts += [batches.start for batches in map(one.known.batches_of, one.known.bursts)]
    reach = ANSWER_BATCHES + one.label_delay
    alarms = one.result.policies[policy].alarms
    false = [a for a in alarms if not any(start <= a < start + reach for start in starts)]
    return 100 * len(false) / one.result.n_batches


def fits_per_burst(one: Played, policy: str) -> list[int]:
    """Count the fits of a policy while each burst lasts, and until its labels are through."""
    run = one.result.policies[policy]
    counts = []
    for batches in map(one.known.batches_of, one.known.bursts):
        end = batches.stop + one.label_delay + 1
        counts.append(sum(batches.start <= fit.batch < end for fit in run.fits))
    return counts


def sound_quarantined(one: Played, policy: str) -> float:
    """Return the share of sound batches that a policy kept out of training."""
    bad = {batch for burst in one.known.bursts for batch in one.known.batches_of(burst)}
    sound = one.result.n_batches - len([b for b in bad if 0 <= b < one.result.n_batches])
    kept_out = [b for b in one.result.policies[policy].quarantined if b not in bad]
    return len(kept_out) / sound if sound else 0.0


def targets(played: Sequence[Played]) -> list[Json]:
    """Hold ``default`` against what is asked of it, on the streams as they are delivered."""
    plain = [one for one in played if one.label_delay == one.known.label_delay]
    pooled = pool(plain, "default")
    wanted = []
    if pooled is not None:
        wanted += [
            _target("pooled kept", pooled.kept, "at least", 0.90),
            _target("cost, mean of the pooled streams", pooled.cost, "at most", 0.20),
            _target(f"worst kept ({pooled.worst_stream})", pooled.worst, "at least", 0.50),
        ]
    for one in plain:
        wanted += _targets_of(one) if "default" in one.rows else []
    return wanted


def report_json(played: Sequence[Played], notes: Sequence[str], *, seed: int) -> Json:
    """Return all figures and all back-tests, for programs."""
    delays = sorted({one.label_delay for one in played})
    return {
        "seed": seed,
        "notes": list(notes),
        "streams": [_stream_json(one) for one in played],
        "pooled": {str(delay): _pooled_json(played, delay) for delay in delays},
        "targets": targets(played),
    }


def policies_of(played: Iterable[Played]) -> list[str]:
    """Return the policies that were replayed, in the order of the tables."""
    return list(dict.fromkeys(name for one in played for name in one.rows))


def _targets_of(one: Played) -> list[Json]:
    row, run = one.rows["default"], one.result.policies["default"]
    if one.name in ("syn_a_stationary", "syn_b_covariate"):
        return [_target(f"{one.name}: cost", row.cost, "at most", 0.10)]
    if one.name == "syn_c_abrupt":
        return [
            _target(f"{one.name}: batches until found", _found(one, run), "at most", 2),
            _target(f"{one.name}: kept", row.kept, "at least", 1.0),
            _target(f"{one.name}: cost", row.cost, "at most", 0.20),
        ]
    if one.name == "syn_f_baddata":
        most, share = max(fits_per_burst(one, "default")), sound_quarantined(one, "default")
        return [
            _target(f"{one.name}: retrains per burst", most, "at most", 1),
            _target(f"{one.name}: sound batches quarantined", share, "at most", 0.02),
        ]
    return []


def _found(one: Played, run: PolicyRun) -> int | None:
    batch = one.known.batch_of(one.known.changes[0])
    seen = [*run.alarms, *(fit.batch for fit in run.fits), *run.promotions]
    return _after(sorted(seen), batch)


def _target(what: str, value: float | None, bound: str, limit: float) -> Json:
    is_met = value is not None and (value >= limit if bound == "at least" else value <= limit)
    return {"what": what, "value": value, "bound": bound, "limit": limit, "is_met": is_met}


def _after(batches: Iterable[int], start: int) -> int | None:
    return next((batch - start for batch in batches if batch >= start), None)


def _stream_json(one: Played) -> Json:
    policies = {}
    for name, row in one.rows.items():
        policies[name] = {
            "score": row.score,
            "gain": row.gain,
            "kept": row.kept,
            "cost": row.cost,
            "changes": answers(one, name),
            "false_alarms_per_100": false_alarms_per_100(one, name),
            "fits_per_burst": fits_per_burst(one, name),
            "sound_quarantined": sound_quarantined(one, name),
        }
    return {
        "stream": one.name,
        "label_delay": one.label_delay,
        "known": one.known.to_json(),
        "policies": policies,
        "result": one.result.to_json(),
    }


def _pooled_json(played: Sequence[Played], delay: int) -> Json:
    of_delay = [one for one in played if one.label_delay == delay]
    pooled = {name: pool(of_delay, name) for name in policies_of(of_delay)}
    return {name: None if one is None else one._asdict() for name, one in pooled.items()}
