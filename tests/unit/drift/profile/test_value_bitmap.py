import numpy as np

from evergreen.drift.profile.categories import key_of
from evergreen.drift.profile.value_bitmap import N_BITS, bit_of, mark_keys, read_marks


def test_marked_keys_are_found_again() -> None:
    keys = [key_of(f"v{i}") for i in range(500)]

    marks = read_marks(mark_keys(keys))

    assert marks.shape == (N_BITS,)
    assert marks[[bit_of(key) for key in keys]].all()
    assert int(marks.sum()) == len({bit_of(key) for key in keys})


def test_the_bitmap_fills_as_its_law_says() -> None:
    marks = read_marks(mark_keys(key_of(f"v{i}") for i in range(10_000)))

    assert abs(marks.mean() - (1 - np.exp(-10_000 / N_BITS))) < 0.02


def test_no_text_marks_nothing() -> None:
    assert not read_marks("").any()
    assert not read_marks(mark_keys([])).any()
    assert len(mark_keys(range(N_BITS))) < 1400
