"""In which order files of tests run, and which of them run in one process.

The longest come first, so that the workers end at about the same time; the rest follows, the files
with most tests first. A file of tests stays in one process, and so do the stories of one suite.
"""

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_SUITE = ("tests/integration/test_loop_on_s3.py", "tests/integration/test_people.py")
LONGEST = (
    "tests/integration/test_loop_on_files.py",
    *ONE_SUITE,
    "tests/browser/test_site.py",
    "tests/unit/workflows/train/test_candidates.py",
    "tests/unit/orchestration/test_tasks.py",
    "tests/unit/bench/test_bench.py",
    "tests/drills/test_drills.py",
    "tests/unit/sandbox/services/test_stack.py",
    "tests/unit/sandbox/demo/test_run.py",
    "tests/unit/training/test_process.py",
    "tests/unit/drift/limits/test_false_alarm_rate.py",
    "tests/integration/test_killed_run.py",
)


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker a file at a time, or the files of one suite."""

    def _split_scope(self, nodeid: str) -> str:
        return process_of(nodeid)


def process_of(nodeid: str) -> str:
    """Return what a test shares its process with: its file, or the suite of several files."""
    file = nodeid.partition("::")[0]
    return "one suite" if file in ONE_SUITE else file


def sort(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first, then those of the files with most tests."""
    n_tests = Counter(map(_file_of, items))
    items.sort(key=lambda item: _place(_file_of(item), n_tests))


def _file_of(item: Any) -> str:
    return str(item.nodeid.partition("::")[0])


def _place(file: str, n_tests: Counter[str]) -> tuple[int, int]:
    rank = LONGEST.index(file) if file in LONGEST else len(LONGEST)
    return (rank, 0 if file in LONGEST else -n_tests[file])


def scheduling(config: pytest.Config, log: Any) -> FileScheduling:
    """Return the scheduler of a run with several workers: the order is ours."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)
