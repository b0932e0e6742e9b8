from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import CategoryColumn
from evergreen.spec.model import Feature


def make_column(texts: Sequence[str | None]) -> CategoryColumn:
    profile = build_profile(pa.table({"c": list(texts)}), [Feature(name="c", kind="categorical")])
    column = profile.columns[0]
    assert isinstance(column, CategoryColumn)
    return column


def test_values_that_occur_once_stand_for_the_unseen() -> None:
    column = make_column(["a"] * 900 + ["twice"] * 2 + ["once", "also once"] + [None] * 96)

    assert column.psi_counts.tolist() == [900, 2, 0, 2, 96]
    assert column.detectable == 1.0


def test_fewer_unseen_values_than_expected_are_put_back() -> None:
    column = make_column(["a"] * 900 + ["twice"] * 2 + ["once", "also once"] + [None] * 96)

    assert column.counts_beside(0.0).tolist() == [900, 4, 0, 0, 96]
    assert column.counts_beside(0.001).tolist() == [900, 3, 0, 1, 96]
    assert column.counts_beside(0.002).tolist() == column.psi_counts.tolist()
    assert column.counts_beside(1.0).tolist() == column.psi_counts.tolist()


@pytest.mark.parametrize("unseen_share", [0.0, 0.01, 0.2, 0.9, 1.0])
def test_every_reference_row_is_counted_once(unseen_share: float) -> None:
    texts = [f"v{i}" for i in range(700)] + [f"w{i % 300}" for i in range(1500)] + [None] * 7

    counts = make_column(texts).counts_beside(unseen_share)

    assert counts.sum() == len(texts)
    assert (counts >= 0).all()


def test_a_value_has_the_place_that_counts_it() -> None:
    column = make_column(["a"] * 900 + ["rare"] * 2)
    locate = column.locator()

    places = [locate(text) for text in ("a", "rare", "new", None)]

    assert places == [0, 1, 3, 4]
    assert column.psi_counts.size == 5


def test_most_of_thousands_of_values_are_known_and_most_new_ones_are_told() -> None:
    column = make_column([f"v{i}" for i in range(5000)] * 2)
    locate = column.locator()
    unseen = len(column.keys) + 2

    assert not any(locate(f"v{i}") == unseen for i in range(5000))
    told = np.mean([locate(f"new {i}") == unseen for i in range(5000)])
    assert told == pytest.approx(column.detectable, abs=0.03)
    assert 0.4 < column.detectable < 0.7


def test_a_full_bitmap_tells_nothing_and_says_so() -> None:
    column = make_column([f"v{i}" for i in range(60_000)])
    locate = column.locator()

    assert column.detectable == 0.0
    assert locate("new") == len(column.keys) + 1


def test_a_profile_written_before_the_bitmap_is_still_read() -> None:
    payload = make_column([f"v{i}" for i in range(1000)]).to_json()
    for added in ("n_once_rare", "n_once_unlisted", "marks"):
        del payload[added]

    column = CategoryColumn.from_json(payload)

    assert column.detectable == 0.0
    assert column.psi_counts.tolist() == [200, 800, 0, 0]
