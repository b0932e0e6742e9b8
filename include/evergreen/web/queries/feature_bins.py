"""How a feature was distributed in the champion's reference and in a batch."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from evergreen.drift.profile.bins_for_display import fill_bins
from evergreen.drift.profile.profile import ColumnProfile, ReferenceProfile
from evergreen.errors import DataError, MissingFileError
from evergreen.ledger.records import Decision
from evergreen.web.queries.view_models import FeatureBins
from evergreen.web.server.services import Services

MAX_PROFILE_BYTES = 64 * 2**20
MAX_SNAPSHOT_BYTES = 512 * 2**20


def feature_bins(services: Services, decision: Decision, feature: str) -> FeatureBins:
    """Return the bins of one feature of the batch that a decision is about.

    The reference is that of the champion of then. The batch is counted anew, one column of its
    snapshot, because only figures were kept.

    Args:
        services: Where to look.
        decision: It; whether it may be read is the caller's to check.
        feature: Name of the feature.

    Raises:
        DataError: There is nothing to show; the text says why.
        StorageError: The store did not answer.
    """
    column = _profile_of(services, decision, feature)
    with _snapshot(services, decision, feature) as batches:
        filled = fill_bins(column, batches)
    return FeatureBins(
        feature=feature,
        labels=filled.labels,
        reference=filled.reference,
        current=filled.current,
    )


def _profile_of(services: Services, decision: Decision, feature: str) -> ColumnProfile:
    if decision.champion_before is None:
        raise DataError("there was no champion yet, so nothing to compare the batch with")
    version = services.ledger.details.version(decision.model, decision.champion_before)
    if version is None:
        raise DataError(f"the ledger does not know v{decision.champion_before}")
    path = f"{version.folder}/profile.json"
    try:
        _check_size(services, path, MAX_PROFILE_BYTES)
        profile = ReferenceProfile.from_json(services.store.read_json(path))
    except MissingFileError as err:
        raise DataError(f"the reference of v{version.version} has passed its retention") from err
    for column in profile.columns:
        if column.name == feature:
            return column
    raise DataError(f"the reference of v{version.version} has no feature of that name")


@contextmanager
def _snapshot(
    services: Services, decision: Decision, feature: str
) -> Iterator[Iterator[pa.RecordBatch]]:
    delivery = services.ledger.batches.delivery(decision.model, "data", decision.batch)
    if delivery is None or delivery.path is None:
        raise DataError(f"the rows of batch {decision.batch} have passed their retention")
    try:
        _check_size(services, delivery.path, MAX_SNAPSHOT_BYTES)
        with services.store.open_batches(delivery.path, [feature]) as batches:
            yield batches
    except MissingFileError as err:
        raise DataError(f"the rows of batch {decision.batch} are gone from the store") from err


def _check_size(services: Services, path: str, most: int) -> None:
    size = services.store.size(path)
    if size > most:
        uri = services.store.uri_of(path)
        raise DataError(
            f"{uri} has {size >> 20} MiB, more than the {most >> 20} MiB that a page reads"
        )
