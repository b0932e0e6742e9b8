"""The labelled history of a model of the suite, for a back-test: its own, or a year of flights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from evergreen.backtest.model_stream import stream_of_rows
from evergreen.backtest.stream import Stream
from evergreen.errors import DataError, EmptyWindowError, ExternalError, RequestError
from evergreen.records import Window
from evergreen.settings import Settings, read_settings
from evergreen.spec.deciding import Policy
from evergreen.spec.loader import LoadedSpec, load_specs
from evergreen.spec.model import ModelSpec

Source = Literal["auto", "stored", "replay"]

REPLAYED = "flights"
# Fewer scored batches of its own tell little, where a whole year can be replayed instead.
MIN_OWN_BATCHES = 26


@dataclass(frozen=True)
class ModelHistory:
    """A model's history, ready to be replayed.

    Attributes:
        stream: The rows.
        policy: What the spec says of policies.
        sentence: Where the rows are from.
    """

    stream: Stream
    policy: Policy
    sentence: str


def stream_of_model(model: str) -> Stream:
    """Give the labelled history of a model as a stream; see ``read_model_history``."""
    return read_model_history(model).stream


def read_model_history(model: str, *, source: Source = "auto") -> ModelHistory:
    """Read the labelled history of a model of the suite.

    Args:
        model: Its name.
        source: ``stored`` takes the batches that were landed and labelled; ``replay`` the
            flights of 2013, for the default model only; ``auto`` takes what is stored, and for the
            default model the replay where that is less than half a year.

    Raises:
        SpecError: There is no such model, or its spec is wrong.
        RequestError: A replay is asked of a model that has none.
        EmptyWindowError: There is too little history.
        DataError: The history cannot be used as it is.
    """
    settings = read_settings()
    loaded = load_specs(settings.models_dir, home=settings.home).find(model)
    spec = loaded.spec
    has_replay = spec.name == REPLAYED
    if source == "replay" and not has_replay:
        raise RequestError(
            f"{model} has no replay, only {REPLAYED} has; take what was landed: --history stored"
        )
    if not has_replay or source == "stored":
        return _stored(loaded, settings)
    if source == "replay":
        return _replay(loaded, settings, why="")
    try:
        stored = _stored(loaded, settings)
    except (EmptyWindowError, ExternalError) as err:
        why = "too little is stored" if isinstance(err, EmptyWindowError) else f"{err}"
        return _replay(loaded, settings, why=why)
    n_batches = stored.stream.n_batches
    if n_batches >= MIN_OWN_BATCHES:
        return stored
    return _replay(loaded, settings, why=f"what is stored makes {n_batches} batches only")


def _stored(loaded: LoadedSpec, settings: Settings) -> ModelHistory:
    spec = loaded.spec
    table, n_batches = _read_stored(spec, settings)
    stream = stream_of_rows(_with_features(table, loaded), spec)
    sentence = f"History: {n_batches} labelled batches of {spec.name} from the store."
    return ModelHistory(stream, spec.policy, sentence)


def _read_stored(spec: ModelSpec, settings: Settings) -> tuple[pa.Table, int]:
    from evergreen.orchestration.history import matured, read_labelled
    from evergreen.orchestration.workbench import open_workbench

    if not _has_ledger(settings):
        raise EmptyWindowError(_too_little(spec))
    with open_workbench(spec.name) as bench:
        windows = [d.window for d in matured(bench) if d.window is not None]
        if not windows:
            raise EmptyWindowError(_too_little(spec))
        whole = Window(start=min(w.start for w in windows), end=max(w.end for w in windows))
        return read_labelled(bench, whole), len(windows)


def _has_ledger(settings: Settings) -> bool:
    """Whether there is a ledger to ask; asking an SQLite file that is not there would make it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.ledger_url)
    except ArgumentError:
        return True  # the ledger itself says what is wrong with its address
    is_file = url.get_backend_name() == "sqlite" and url.database
    return not is_file or Path(str(url.database)).is_file()


def _replay(loaded: LoadedSpec, settings: Settings, *, why: str) -> ModelHistory:
    from evergreen.landing.flights import load_flights

    frame = load_flights(settings.home)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    stream = stream_of_rows(_with_features(table, loaded), loaded.spec)
    reason = f" ({why})" if why else ""
    sentence = f"History: all flights out of New York in 2013, not the store{reason}."
    return ModelHistory(stream, loaded.spec.policy, sentence)


def _with_features(table: pa.Table, loaded: LoadedSpec) -> pa.Table:
    """Add what the model's ``features.py`` derives."""
    spec, features_file = loaded.spec, loaded.features_file
    if features_file is None:
        return table
    from evergreen.training.jobs import Rows
    from evergreen.training.rows import build_frame

    # The rows are here already: no file is read.
    job = Rows(
        files=(Path(),),
        features=spec.data.features,
        features_file=features_file,
        target=spec.data.target,
    )
    frame = build_frame(job, table)
    kept = [spec.data.time_column, spec.data.target]
    try:
        derived = pa.Table.from_pandas(frame[list(spec.data.feature_names)], preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as err:
        raise DataError(
            f"{features_file.name}: build_features gave a column of mixed types: {err}"
        ) from err
    for name in kept:
        derived = derived.append_column(name, table[name])
    return derived


def _too_little(spec: ModelSpec) -> str:
    needed = spec.windows.training_days + spec.arrivals.every_days
    remedy = f"replay the year instead: evergreen backtest {spec.name} --history replay"
    if spec.name != REPLAYED:
        remedy = "land batches and their labels, or back-test a table with --data FILE.parquet"
    return (
        f"{spec.name} has too little labelled history in the store: a back-test needs more than"
        f" {needed:g} days of it; {remedy}"
    )
