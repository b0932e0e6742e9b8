from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.count_batches import count_batches
from evergreen.spec.model import Feature


def make_table(n_rows: int, *, seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    columns = {f"x{i}": random.normal(i, 1 + i, n_rows) for i in range(5)}
    columns["c"] = random.integers(0, 30, n_rows).astype(str)
    return pa.table(columns)


FEATURES = [Feature(name=f"x{i}", kind="numeric") for i in range(5)]
FEATURES.append(Feature(name="c", kind="categorical"))


@pytest.mark.parametrize("chunk", [100, 9_000, 40_000], ids=["inline", "threads", "one batch"])
def test_counts_do_not_depend_on_batches_and_threads(chunk: int) -> None:
    profile = build_profile(make_table(40_000, seed=0), FEATURES)
    table = make_table(40_000, seed=1)
    alone, _ = count_batches(profile.columns, table.to_batches(), n_threads=1)

    tallies, n_rows = count_batches(
        profile.columns, table.to_batches(max_chunksize=chunk), n_threads=3
    )

    assert n_rows == 40_000
    assert [t.column.name for t in tallies] == [c.name for c in profile.columns]
    assert [t.statistics() for t in tallies] == [t.statistics() for t in alone]


def test_no_batches_are_no_rows() -> None:
    profile = build_profile(make_table(100, seed=0), FEATURES)

    _, n_rows = count_batches(profile.columns, [])

    assert n_rows == 0


def test_what_breaks_the_reading_is_not_swallowed() -> None:
    profile = build_profile(make_table(100, seed=0), FEATURES)

    def break_down() -> Iterator[pa.RecordBatch]:
        yield from make_table(20_000, seed=1).to_batches()
        raise OSError("connection reset")

    with pytest.raises(OSError, match="connection reset"):
        count_batches(profile.columns, break_down())
