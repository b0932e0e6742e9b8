from typing import get_args

import pyarrow as pa
import pytest

from evergreen.landing.faults import Fault, break_table, empty_half, rename, truncate

TABLE = pa.table({"distance": [100.0, 200.0, None], "temp": [32.0, 212.0, None], "n": [1, 2, 3]})


def test_unit_change_turns_miles_and_fahrenheit_over() -> None:
    broken = break_table(TABLE, "unit_changed")

    assert broken["distance"].to_pylist() == pytest.approx([160.9344, 321.8688, None])
    assert broken["temp"].to_pylist() == pytest.approx([0.0, 100.0, None])
    assert broken["n"].equals(TABLE["n"])
    assert broken.schema.equals(TABLE.schema)


@pytest.mark.parametrize(("n_rows", "n_missing"), [(0, 0), (1, 1), (10, 5), (11, 6)])
def test_half_of_a_column_goes_missing(n_rows: int, n_missing: int) -> None:
    table = pa.table({"temp": list(range(n_rows))}, pa.schema([("temp", pa.int64())]))

    broken = empty_half(table, "temp", seed=1)

    assert broken["temp"].null_count == n_missing
    assert broken.schema.equals(table.schema)


def test_another_seed_empties_another_half() -> None:
    table = pa.table({"temp": list(range(100))})

    first, same, other = (break_table(table, "half_missing", seed=s) for s in (1, 1, 2))

    assert first.equals(same)
    assert not first.equals(other)


def test_renamed_column_keeps_its_values() -> None:
    broken = break_table(TABLE, "renamed_column")

    assert broken.column_names == ["distance", "temperature", "n"]
    assert broken["temperature"].equals(TABLE["temp"])


def test_unknown_column_and_fault_are_refused() -> None:
    with pytest.raises(ValueError, match="no column humid"):
        rename(TABLE, "humid", "wet")
    with pytest.raises(ValueError, match="no fault 'other'"):
        break_table(TABLE, "other")  # type: ignore[arg-type]  # what is refused here


def test_truncated_file_is_half_of_it() -> None:
    assert truncate(b"12345678") == b"1234"


def test_all_faults_are_listed() -> None:
    assert set(get_args(Fault)) == {
        "half_missing",
        "unit_changed",
        "renamed_column",
        "truncated_part",
        "missing_part",
    }
