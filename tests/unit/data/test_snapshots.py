from collections.abc import Callable
from typing import Any

from evergreen.data.snapshots import describe_snapshot, snapshot_path

Make = Callable[..., Any]


def test_other_content_has_another_path() -> None:
    one = snapshot_path("shop", "data", "2013-01-08", "a" * 64)
    other = snapshot_path("shop", "data", "2013-01-08", "b" * 64)

    assert one == f"snapshots/shop/data/2013-01-08/{'a' * 16}.parquet"
    assert other != one


def test_data_and_labels_lie_apart() -> None:
    paths = {snapshot_path("shop", kind, "2013-01-08", "a" * 64) for kind in ("data", "labels")}

    assert len(paths) == 2


def test_snapshot_says_what_the_manifest_said(make_table: Make, make_manifest: Make) -> None:
    manifest = make_manifest(make_table())

    snapshot = describe_snapshot(manifest, "a" * 64)

    assert (snapshot.model, snapshot.batch, snapshot.kind) == ("shop", "2013-01-08", "data")
    assert (snapshot.n_rows, snapshot.window) == (4, manifest.window)
    assert snapshot.path == snapshot_path("shop", "data", "2013-01-08", "a" * 64)
