"""The distribution of a feature in the champion's reference and in a batch."""

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

    The reference is that of the champion at the time of the decision. The batch is counted again,
    one column of its snapshot, because the ledger keeps only statistics.

    Args:
        services: Ledger and store.
        decision: The decision; the caller has checked read access.
        feature: Name of the feature.

    Raises:
        DataError: There are no bins; the text says why.
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
        raise DataError("there was no champion yet to compare the batch with")
    version = services.ledger.details.version(decision.model, decision.champion_before)
    if version is None:
        raise DataError(
            f"the ledger has no version v{decision.champion_before} of {decision.model}"
        )
    path = f"{version.folder}/profile.json"
    try:
        _check_size(services, path, MAX_PROFILE_BYTES)
        profile = ReferenceProfile.from_json(services.store.read_json(path))
    except MissingFileError as err:
        raise DataError(
            f"the reference of v{version.version} was deleted after its retention"
        ) from err
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
        raise DataError(f"the rows of batch {decision.batch} were deleted after their retention")
    try:
        _check_size(services, delivery.path, MAX_SNAPSHOT_BYTES)
        with services.store.open_batches(delivery.path, [feature]) as batches:
            yield batches
    except MissingFileError as err:
        raise DataError(f"the rows of batch {decision.batch} are no longer in the store") from err


def _check_size(services: Services, path: str, most: int) -> None:
    size = services.store.size(path)
    if size > most:
        uri = services.store.uri_of(path)
        raise DataError(
            f"{uri} has {size >> 20} MiB, more than the limit of {most >> 20} MiB for a page"
        )
