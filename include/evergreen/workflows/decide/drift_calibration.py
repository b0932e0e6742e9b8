"""The drift limits of a model, where they come from, and which past batches exceed them."""

from collections import Counter
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from evergreen.dag_ids import INGEST, dag_id
from evergreen.data.windows import overlaps
from evergreen.drift.limits.calibrate import calibrate, cut_blocks
from evergreen.drift.limits.false_alarm_rate import expected_false_share
from evergreen.drift.limits.limits import DriftLimits, Sample
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import (
    BrokenColumn,
    ColumnProfile,
    NumericColumn,
    ReferenceProfile,
)
from evergreen.errors import RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery
from evergreen.records import Window
from evergreen.spec.deciding import Drift
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    from evergreen.storage.store import Store
    from evergreen.workflows.model_context import ModelContext

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class ShownLimit:
    """One limit; ``source`` as ``drift.limits`` names it."""

    value: float
    source: str


@dataclass(frozen=True)
class FeatureLimits:
    """The limits of one feature; all None where the reference has no profile of it.

    ``problem`` says why there is no profile. ``drifted_batches`` is how many batches since the
    reference exceed the limits.
    """

    feature: str
    kind: str
    psi: ShownLimit | None
    ks: ShownLimit | None
    null_rise: ShownLimit | None
    problem: str
    drifted_batches: int

    @property
    def sources(self) -> set[str]:
        """Where its limits come from."""
        return {one.source for one in (self.psi, self.ks, self.null_rise) if one is not None}


@dataclass(frozen=True)
class JudgedBatch:
    """The verdict of these limits about a past batch; ``drifted`` names the features over them."""

    batch: str
    n_rows: int
    in_reference: bool
    verdict: str
    drifted: tuple[str, ...]


@dataclass(frozen=True)
class CalibrationReport:
    """The limits of a model at the usual rows of a batch, and what they mean.

    ``version`` is the champion's; None: the newest history is the reference. ``n_blocks`` is how
    many batches of the reference were used to measure how much quiet batches differ; None: there
    were too few. ``expected_per_year`` is how many quiet batches a year would be called drifted.
    """

    model: str
    version: str | None
    reference_rows: int
    n_blocks: int | None
    batch_rows: int
    batches_per_year: float
    budget_per_year: float
    expected_per_year: float
    min_rows: int
    features: tuple[FeatureLimits, ...]
    batches: tuple[JudgedBatch, ...]

    @property
    def since(self) -> tuple[JudgedBatch, ...]:
        """The batches after the reference."""
        return tuple(batch for batch in self.batches if not batch.in_reference)

    @property
    def within(self) -> tuple[JudgedBatch, ...]:
        """The batches that reach into the reference."""
        return tuple(batch for batch in self.batches if batch.in_reference)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class _Reference:
    version: str | None
    window: Window
    profile: ReferenceProfile


def calibrate_model(
    context: "ModelContext", *, false_verdicts_per_year: float | None = None
) -> CalibrationReport:
    """Return the drift limits of a model and their verdicts about all batches still in the store.

    Nothing is written.

    Args:
        context: The model's spec and adapters.
        false_verdicts_per_year: Another budget than the spec's, above 0, to try out.

    Raises:
        RequestError: The model has neither a champion nor an accepted batch yet.
        StorageError: The champion's profile or a snapshot is gone.
    """
    rules, every_days = context.spec.drift, context.spec.arrivals.every_days
    if false_verdicts_per_year is not None:
        rules = rules.model_copy(update={"false_verdicts_per_year": false_verdicts_per_year})
    deliveries = [
        one
        for one in context.ledger.batches.deliveries(context.spec.name, "data", status="accepted")
        if one.path is not None and one.window is not None
    ]
    reference = _reference(context.spec, context.ledger, context.store, deliveries)
    per_year = DAYS_PER_YEAR / every_days
    limits = DriftLimits(reference.profile, rules, batches_per_year=per_year)
    batch_rows = _usual_rows(deliveries, reference, every_days)
    batches = tuple(_judged(context.store, one, reference, rules, per_year) for one in deliveries)
    share = expected_false_share(reference.profile, limits, batch_rows)
    blocks = reference.profile.blocks
    return CalibrationReport(
        model=context.spec.name,
        version=reference.version,
        reference_rows=reference.profile.n_rows,
        n_blocks=None if blocks is None else blocks.n_blocks,
        batch_rows=batch_rows,
        batches_per_year=per_year,
        budget_per_year=rules.false_verdicts_per_year,
        expected_per_year=share * per_year,
        min_rows=rules.min_rows,
        features=_features(reference.profile, limits, batch_rows, batches),
        batches=batches,
    )


def _reference(
    spec: ModelSpec, ledger: Ledger, store: "Store", deliveries: list[Delivery]
) -> _Reference:
    """Return the champion's reference, or the newest history where there is no champion yet."""
    champion = ledger.promotions.latest(spec.name)
    windows = [one.window for one in deliveries if one.window is not None]
    if champion is None:
        if not windows:
            raise RequestError(
                f"{spec.name} has no champion and no accepted batch yet; limits are learnt"
                f" from data: land a batch, and let {dag_id(INGEST, spec.name)} take it in"
            )
        newest = max(window.end for window in windows)
        window = Window.ending(newest, days=spec.windows.training_days)
        rows = _rows_in(spec, store, deliveries, window)
        profile = build_profile(rows, spec.data.delivered_features)
        return _Reference(None, window, _with_blocks(spec, profile, rows))
    entry = ledger.versions.get(spec.name, champion.version)
    profile = ReferenceProfile.from_json(store.read_json(f"{entry.folder}/profile.json"))
    window = entry.trained.window
    if profile.blocks is None and any(overlaps(one, window) for one in windows):
        profile = _with_blocks(spec, profile, _rows_in(spec, store, deliveries, window))
    return _Reference(champion.version, window, profile)


def _rows_in(
    spec: ModelSpec, store: "Store", deliveries: list[Delivery], window: Window
) -> pa.Table:
    """Return the features and times of all rows in a window."""
    from evergreen.workflows.ingest.quality_gate import read_snapshot

    tables = []
    for delivery in deliveries:
        if delivery.window is None or not overlaps(delivery.window, window):
            continue
        table = read_snapshot(store, delivery)
        times = table[spec.data.time_column]
        start, end = (pa.scalar(edge, type=times.type) for edge in (window.start, window.end))
        after, before = pc.greater_equal(times, start), pc.less(times, end)
        tables.append(table.filter(pc.and_(after, before)))
    return pa.concat_tables(tables, promote_options="permissive")


def _with_blocks(spec: ModelSpec, profile: ReferenceProfile, rows: pa.Table) -> ReferenceProfile:
    blocks = cut_blocks(rows, spec.data.time_column, every_days=spec.arrivals.every_days)
    return calibrate(profile, blocks)


def _usual_rows(deliveries: list[Delivery], reference: _Reference, every_days: float) -> int:
    """Return the median rows of a batch; without any, the reference's rows in a batch's time."""
    rows = [one.n_rows for one in deliveries if one.n_rows]
    if rows:
        return max(1, round(median(rows)))
    return max(1, round(reference.profile.n_rows * every_days / max(reference.window.days, 1e-9)))


def _judged(
    store: "Store",
    delivery: Delivery,
    reference: _Reference,
    rules: Drift,
    batches_per_year: float,
) -> JudgedBatch:
    names = [column.name for column in reference.profile.columns]
    with store.open_batches(str(delivery.path), names) as rows:
        found = measure_drift(reference.profile, rows, rules, batches_per_year=batches_per_year)
    verdict = "insufficient_data"
    if found.drifted_share is not None:
        verdict = "drifted" if found.drifted else "stable"
    return JudgedBatch(
        batch=delivery.batch,
        n_rows=found.n_rows,
        in_reference=delivery.window is not None and overlaps(delivery.window, reference.window),
        verdict=verdict,
        drifted=tuple(column.column for column in found.drifted),
    )


def _features(
    profile: ReferenceProfile,
    limits: DriftLimits,
    n_rows: int,
    batches: tuple[JudgedBatch, ...],
) -> tuple[FeatureLimits, ...]:
    drifted = Counter(name for one in batches if not one.in_reference for name in one.drifted)
    return tuple(
        _feature(column, limits, n_rows, drifted[column.name]) for column in profile.columns
    )


def _feature(
    column: ColumnProfile, limits: DriftLimits, n_rows: int, n_drifted: int
) -> FeatureLimits:
    if isinstance(column, BrokenColumn):
        return FeatureLimits(column.name, column.kind, None, None, None, column.problem, n_drifted)
    found = limits.of(column.name, Sample.expected(column, n_rows))
    return FeatureLimits(
        feature=column.name,
        kind=column.kind,
        psi=ShownLimit(*found.psi),
        ks=ShownLimit(*found.ks) if isinstance(column, NumericColumn) else None,
        null_rise=ShownLimit(*found.null),
        problem="",
        drifted_batches=n_drifted,
    )
