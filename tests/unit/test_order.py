"""The longest files of tests run first, and each in one process."""

from pathlib import Path

import pytest

from drivers.order import LONGEST, ONE_SUITE, process_of, sort


class Item:
    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def test_every_file_that_is_named_is_there(pytestconfig: pytest.Config) -> None:
    missing = [file for file in LONGEST if not (Path(pytestconfig.rootpath) / file).is_file()]

    assert missing == []


def test_the_longest_come_first_then_the_files_with_most_tests() -> None:
    few, many = "tests/unit/test_a.py::test_1", "tests/unit/test_b.py::test_{}"
    names = [few, many.format(1), f"{LONGEST[1]}::test_1", many.format(2), f"{LONGEST[0]}::test_1"]
    items = [Item(name) for name in names]

    sort(items)  # type: ignore[arg-type]

    order = [item.nodeid for item in items]
    assert order == [names[4], names[2], many.format(1), many.format(2), few]


def test_a_file_stays_in_one_process_and_so_do_the_stories_of_one_suite() -> None:
    processes = {process_of(f"{file}::test_1[a::b]") for file in ONE_SUITE}

    assert len(processes) == 1
    assert process_of("tests/unit/test_a.py::test_1[a::b]") == "tests/unit/test_a.py"
    assert process_of("tests/unit/test_a.py::test_2") not in processes
