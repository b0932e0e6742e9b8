from datetime import date
from pathlib import Path

import pytest

from evergreen.errors import RequestError
from evergreen.sandbox.demo.options import DemoOptions


@pytest.mark.parametrize(
    ("weeks", "broken", "force_from"),
    [pytest.param(4, 2, 3, id="fewest"), pytest.param(10, 4, 5, id="ten")],
)
def test_the_broken_week_comes_after_the_first_model(
    weeks: int, broken: int, force_from: int
) -> None:
    options = DemoOptions(weeks=weeks)

    assert (options.broken_week, options.force_from_week) == (broken, force_from)
    assert 1 < options.broken_week < options.force_from_week <= options.weeks


def test_too_few_weeks_are_refused() -> None:
    with pytest.raises(RequestError, match="at least 4"):
        DemoOptions(weeks=3)


def test_a_negative_seed_is_refused() -> None:
    DemoOptions(seed=0)

    with pytest.raises(RequestError, match="seed is -1"):
        DemoOptions(seed=-1)


def test_another_year_is_refused() -> None:
    with pytest.raises(RequestError, match="2013"):
        DemoOptions(start=date(2014, 1, 7))


def test_a_report_without_a_folder_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no folder"):
        DemoOptions(report=tmp_path / "none" / "report.json")
