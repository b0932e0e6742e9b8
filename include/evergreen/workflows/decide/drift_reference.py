"""What a batch is compared with: the champion's reference, a rolling window, or the same season."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from evergreen.data.windows import overlaps
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import Delivery
from evergreen.records import Window
from evergreen.spec.model import ModelSpec
from evergreen.workflows.decide.version_baseline import make_profile, read_profile
from evergreen.workflows.ingest.labelled_data import in_excluded_span
from evergreen.workflows.ingest.quality_gate import read_snapshot, window_of

if TYPE_CHECKING:
    from evergreen.drift.profile.profile import ReferenceProfile
    from evergreen.storage.store import Store

YEAR = timedelta(days=365.25)


def reference_for(
    spec: ModelSpec, ledger: Ledger, store: "Store", version: str, delivery: Delivery
) -> "ReferenceProfile":
    """Return the profile that a batch is compared with, as ``drift.reference`` of the spec says.

    Where the wanted window holds fewer rows than ``drift.min_rows`` (in the first year there is no
    season before), it is the champion's.
    """
    wanted = _window(spec, window_of(delivery))
    if wanted is None:
        return read_profile(ledger, store, spec.name, version)
    rows = _rows_in(spec, ledger, store, wanted, before=delivery.batch)
    if rows is None or rows.num_rows < spec.drift.min_rows:
        return read_profile(ledger, store, spec.name, version)
    return make_profile(spec, rows)


def _window(spec: ModelSpec, batch: Window) -> Window | None:
    days = spec.windows.training_days
    match spec.drift.reference:
        case "rolling":
            return Window.ending(batch.start, days=days)
        case "season":
            middle = batch.start + (batch.end - batch.start) / 2 - YEAR
            return Window.ending(middle + timedelta(days=days / 2), days=days)
        case "champion":
            return None


def _rows_in(
    spec: ModelSpec, ledger: Ledger, store: "Store", window: Window, *, before: str
) -> pa.Table | None:
    """Return the sound accepted batches that reach into a window; None where there are none."""
    quarantined = ledger.decisions.quarantined_batches(spec.name)
    found = [
        delivery
        for delivery in ledger.batches.deliveries(spec.name, "data", status="accepted")
        if delivery.path is not None
        and delivery.batch < before
        and delivery.batch not in quarantined
        and not in_excluded_span(spec, delivery)
        and overlaps(window_of(delivery), window)
    ]
    if not found:
        return None
    tables = [read_snapshot(store, delivery) for delivery in found]
    return pa.concat_tables(tables, promote_options="permissive")
