"""The labelled history of a model of the suite, for a back-test: its own, or a year of flights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evergreen.errors import DataError, EmptyWindowError, EvergreenError, RequestError
from evergreen.presentation.formatting import plural
from evergreen.records import Window
from evergreen.settings import Settings
from evergreen.spec.deciding import Policy
from evergreen.spec.loader import LoadedSpec
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

    from evergreen.backtest.engine.stream import Stream

Source = Literal["auto", "stored", "replay"]
Ask = Callable[[Source], str]

REPLAYED = "flights"
# Fewer scored batches of its own tell little, where a whole year can be replayed instead.
MIN_OWN_BATCHES = 26


@dataclass(frozen=True)
class ModelHistory:
    """A model's history, ready to be replayed.

    Attributes:
        stream: The rows.
        spec: The model's spec.
        sentence: Where the rows are from.
    """

    stream: "Stream"
    spec: ModelSpec
    sentence: str

    @property
    def policy(self) -> Policy:
        """What the spec says of policies."""
        return self.spec.policy


def read_model_history(
    loaded: LoadedSpec,
    settings: Settings,
    *,
    source: Source = "auto",
    ask: Ask,
    replay_after: tuple[type[EvergreenError], ...] = (EmptyWindowError,),
) -> ModelHistory:
    """Read the labelled history of a model of the suite.

    Args:
        loaded: The model.
        settings: Where ledger and store are.
        source: ``stored`` takes the batches that were landed and labelled; ``replay`` the
            flights of 2013, for the default model only; ``auto`` takes what is stored, and for the
            default model the replay where that is less than half a year.
        ask: Says, for the remedy of an error, how one asks for another source here.
        replay_after: Errors of reading the store after which ``auto`` takes the replay.

    Raises:
        RequestError: A replay is asked of a model that has none.
        EmptyWindowError: There is too little history.
        DataError: The history cannot be used as it is.
        ExternalError: Ledger or store cannot be read.
    """
    has_replay = check_source(loaded.spec.name, source, ask=ask)
    if not has_replay or source == "stored":
        return _stored(loaded, settings, ask)
    if source == "replay":
        return _replay(loaded, settings, why="")
    try:
        stored = _stored(loaded, settings, ask)
    except replay_after as err:
        why = "too little is stored" if isinstance(err, EmptyWindowError) else f"{err}"
        return _replay(loaded, settings, why=why)
    n_batches = stored.stream.n_batches
    if n_batches >= MIN_OWN_BATCHES:
        return stored
    return _replay(loaded, settings, why=f"what is stored makes {plural(n_batches, 'batch')} only")


def check_source(model: str, source: Source, *, ask: Ask) -> bool:
    """Return whether there is a replay to take for a model.

    Raises:
        RequestError: It is asked for, and there is none.
    """
    if source == "replay" and model != REPLAYED:
        raise RequestError(
            f"{model} has no replay, only {REPLAYED} has; take what was landed: {ask('stored')}"
        )
    return model == REPLAYED


def _stored(loaded: LoadedSpec, settings: Settings, ask: Ask) -> ModelHistory:
    from evergreen.backtest.engine.model_stream import stream_of_rows

    spec = loaded.spec
    try:
        table, n_batches = _read_stored(spec, settings)
        stream = stream_of_rows(_with_features(table, loaded), spec)
    except EmptyWindowError as err:
        raise EmptyWindowError(f"{err}; {_remedy(spec.name, ask)}") from err
    sentence = f"History: {plural(n_batches, 'labelled batch')} of {spec.name} from the store."
    return ModelHistory(stream, spec, sentence)


def _read_stored(spec: ModelSpec, settings: Settings) -> "tuple[pa.Table, int]":
    from evergreen.workflows.ingest.labelled_data import matured, read_labelled
    from evergreen.workflows.model_context import open_model_context

    if not _has_ledger(settings):
        raise EmptyWindowError(_none_stored(spec))
    with open_model_context(spec.name) as context:
        windows = [d.window for d in matured(context.ledger, spec.name) if d.window is not None]
        if not windows:
            raise EmptyWindowError(_none_stored(spec))
        whole = Window(start=min(w.start for w in windows), end=max(w.end for w in windows))
        return read_labelled(context.spec, context.ledger, context.store, whole), len(windows)


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
    import pyarrow as pa

    from evergreen.backtest.engine.model_stream import stream_of_rows
    from evergreen.landing.flights import load_flights

    frame = load_flights(settings.home)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    stream = stream_of_rows(_with_features(table, loaded), loaded.spec)
    reason = f" ({why})" if why else ""
    sentence = f"History: all flights out of New York in 2013, not the store{reason}."
    return ModelHistory(stream, loaded.spec, sentence)


def _with_features(table: "pa.Table", loaded: LoadedSpec) -> "pa.Table":
    """Add what the model's ``features.py`` derives."""
    spec, features_file = loaded.spec, loaded.features_file
    if features_file is None:
        return table
    import pyarrow as pa

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


def _none_stored(spec: ModelSpec) -> str:
    needed = spec.windows.training_days + spec.arrivals.every_days
    return (
        f"{spec.name} has no labelled batch in the store, and a back-test needs more than"
        f" {needed:g} days of them"
    )


def _remedy(model: str, ask: Ask) -> str:
    if model == REPLAYED:
        return f"replay the year instead: {ask('replay')}"
    return (
        "land more batches and their labels, or back-test a table: evergreen backtest --data FILE"
    )
