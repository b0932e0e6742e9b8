"""Ticks: round values, and dates where the batches have them."""

import numpy as np
import pytest

from evergreen.backtest.report.axes import Scale, batch_ticks, share_ticks, value_ticks


def moments(n_batches: int, days: float) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    step = np.timedelta64(round(days * 86_400_000_000), "us")
    return np.datetime64("2013-02-26", "us") + np.arange(n_batches + 1) * step


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        pytest.param(0.61, 0.79, 4, ["0.7"], id="tenths"),
        pytest.param(0.61, 0.79, 5, ["0.65", "0.70", "0.75"], id="twentieths"),
        pytest.param(0.0, 1.0, 6, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], id="unit"),
        pytest.param(0.7001, 0.7009, 4, ["0.7005"], id="close together"),
        pytest.param(0.5, 0.5, 4, ["0.500"], id="one value"),
        pytest.param(-30.0, 120.0, 4, ["0", "50", "100"], id="beyond zero"),
        pytest.param(0.0, 9.0, 5, ["0.0", "2.5", "5.0", "7.5"], id="quarters"),
    ],
)
def test_values_are_round(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [tick.label for tick in value_ticks(low, high, most=most)] == labels


def test_shares_are_in_per_cent() -> None:
    assert [tick.label for tick in share_ticks(0.0, 1.0, most=3)] == ["0%", "50%", "100%"]


@pytest.mark.parametrize(
    ("n_batches", "days", "labels"),
    [
        pytest.param(44, 7, ["Mar 2013", "May", "Jul", "Sep", "Nov"], id="a year of weeks"),
        pytest.param(8, 1 / 24, ["26 Feb", "03:00", "06:00"], id="hours"),
        pytest.param(30, 0.25, ["26 Feb", "28 Feb", "02 Mar", "04 Mar"], id="days"),
        pytest.param(100, 180, ["2020", "2030", "2040", "2050", "2060"], id="half a century"),
    ],
)
def test_batches_are_dated(n_batches: int, days: float, labels: list[str]) -> None:
    ticks = batch_ticks(moments(n_batches, days), n_batches, most=5)

    assert [tick.label for tick in ticks] == labels
    assert all(0 <= tick.at <= n_batches - 1 for tick in ticks)


def test_a_date_lies_at_its_batch() -> None:
    ticks = batch_ticks(moments(44, 7), 44, most=9)

    assert ticks[0].at == pytest.approx(3 / 7)


@pytest.mark.parametrize("n_batches", [1, 2, 3, 50, 5_000])
def test_without_dates_batches_are_numbered(n_batches: int) -> None:
    ticks = batch_ticks(None, n_batches, most=6)

    assert ticks[0].label == "0"
    assert len(ticks) <= 6


def test_a_scale_of_one_value_stays_on_the_picture() -> None:
    assert Scale(3.0, 3.0, 10.0, 20.0)(3.0) == 10.0
