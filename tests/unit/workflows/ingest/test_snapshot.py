from pathlib import Path

import pyarrow.parquet as pq
import pytest

from drivers.tiny import Upstream
from evergreen.errors import DataError, ManifestError
from evergreen.workflows.ingest.snapshot import find_next, manifest_uri, take_delivery
from evergreen.workflows.model_context import ModelContext


def take(context: ModelContext, batch: str) -> None:
    context.ledger.batches.record_snapshot(
        take_delivery(context.spec, context.store, "data", batch)
    )


def test_before_anything_lands_any_batch_is_waited_for(context: ModelContext, home: Path) -> None:
    assert find_next(context.spec, context.ledger, "data") is None
    assert manifest_uri(context.spec, "data", None) == (
        f"file://{home}/landing/tiny/[0-9]*-[0-9]*-[0-9]*/manifest.json"
    )


def test_the_oldest_new_batch_comes_first(context: ModelContext, upstream: Upstream) -> None:
    upstream.deliver(1)
    upstream.deliver(0)

    assert find_next(context.spec, context.ledger, "data") == "2024-01-01"


def test_a_batch_without_manifest_is_not_there_and_holds_nothing_up(
    context: ModelContext, upstream: Upstream, home: Path
) -> None:
    first, second = upstream.deliver(0), upstream.deliver(1)
    (home / "landing" / "tiny" / first / "manifest.json").unlink()

    assert find_next(context.spec, context.ledger, "data") == second


@pytest.mark.parametrize(
    "folder", ["tmp", "zzz", ".staging", "2024-02-30", "2024-01-08 (copy)", "a\\b", "new\nline"]
)
def test_a_folder_that_is_no_batch_is_passed_over(
    context: ModelContext, upstream: Upstream, home: Path, folder: str
) -> None:
    take(context, upstream.deliver(0))
    upstream.deliver(1)
    (home / "landing" / "tiny" / "2024-01-08").rename(home / "landing" / "tiny" / folder)

    assert find_next(context.spec, context.ledger, "data") == "2024-01-08"


def test_after_the_last_batch_the_following_period_is_waited_for(
    context: ModelContext, upstream: Upstream
) -> None:
    take(context, upstream.deliver(0))

    assert find_next(context.spec, context.ledger, "data") == "2024-01-08"


def test_labels_are_waited_for_in_the_order_of_the_batches(
    context: ModelContext, upstream: Upstream
) -> None:
    take(context, upstream.deliver(0))
    take(context, upstream.deliver(1))

    waited_for = find_next(context.spec, context.ledger, "labels")

    assert waited_for == "2024-01-01"


def test_a_snapshot_holds_the_delivered_rows_under_a_name_made_of_its_content(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = upstream.deliver(0)

    first = take_delivery(context.spec, context.store, "data", batch)
    again = take_delivery(context.spec, context.store, "data", batch)

    assert first == again
    assert first.sha256[:16] in first.path
    assert context.store.read_table(first.path).num_rows == first.n_rows == 400


def test_a_redelivery_with_other_rows_is_another_snapshot(
    context: ModelContext, upstream: Upstream
) -> None:
    first = take_delivery(context.spec, context.store, "data", upstream.deliver(0))
    second = take_delivery(context.spec, context.store, "data", upstream.deliver(0, n_rows=250))

    assert first.path != second.path
    assert context.store.exists(first.path)


def test_a_part_that_is_listed_but_missing_is_named(
    context: ModelContext, upstream: Upstream, home: Path
) -> None:
    batch = upstream.deliver(0)
    part = sorted((home / "landing" / "tiny" / batch).glob("*.parquet"))[0]
    part.unlink()

    with pytest.raises(ManifestError, match=f"part missing: .*{part.name}"):
        take_delivery(context.spec, context.store, "data", batch)


def test_one_flipped_bit_is_seen(context: ModelContext, upstream: Upstream, home: Path) -> None:
    batch = upstream.deliver(0)
    part = sorted((home / "landing" / "tiny" / batch).glob("*.parquet"))[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)

    with pytest.raises(DataError, match="sha256"):
        take_delivery(context.spec, context.store, "data", batch)


def test_a_renamed_column_is_named_with_its_likely_new_name(
    context: ModelContext, upstream: Upstream
) -> None:
    batch = upstream.deliver(0, fault="renamed_column")

    with pytest.raises(DataError, match="differs from the spec"):
        take_delivery(context.spec, context.store, "data", batch)


def test_nothing_is_left_in_the_store_by_a_refused_delivery(
    context: ModelContext, upstream: Upstream, home: Path
) -> None:
    batch = upstream.deliver(0)
    part = sorted((home / "landing" / "tiny" / batch).glob("*.parquet"))[0]
    table = pq.read_table(part)
    pq.write_table(table.slice(0, 3), part)

    with pytest.raises(DataError):
        take_delivery(context.spec, context.store, "data", batch)

    assert context.store.list_files("snapshots") == []
