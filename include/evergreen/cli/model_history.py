"""The labelled history of a model, as ``evergreen backtest`` reads it: also where no store can."""

from evergreen.errors import EmptyWindowError, ExternalError
from evergreen.orchestration import model_history
from evergreen.orchestration.model_history import ModelHistory, Source
from evergreen.settings import read_settings
from evergreen.spec.loader import load_specs


def read_model_history(model: str, *, source: Source = "auto") -> ModelHistory:
    """Read the labelled history of a model of the suite.

    Args:
        model: Its name.
        source: As in ``orchestration.model_history``; ``auto`` replays the year also where ledger
            or store cannot be reached, since a laptop often cannot.

    Raises:
        SpecError: There is no such model, or its spec is wrong.
        RequestError: A replay is asked of a model that has none.
        EmptyWindowError: There is too little history.
        DataError: The history cannot be used as it is.
    """
    settings = read_settings()
    return model_history.read_model_history(
        load_specs(settings.models_dir, home=settings.home).find(model),
        settings,
        source=source,
        ask=lambda other: f"evergreen backtest {model} --history {other}",
        replay_after=(EmptyWindowError, ExternalError),
    )
