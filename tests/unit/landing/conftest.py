"""The year of flights, joined once per test session."""

import pandas as pd
import pytest

from evergreen.landing.flights import load_flights
from evergreen.settings import project_root
from evergreen.spec.loader import LoadedSpec, load_spec


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    return load_flights()


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedSpec:
    folder = project_root() / "include" / "models" / "flights"
    return load_spec(folder, home=tmp_path_factory.mktemp("home"))
