from dataclasses import replace
from typing import Literal

import pytest

from drivers.history import accept, begin, crown
from drivers.tiny import Upstream
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.workflows.decide.drift_reference import reference_for
from evergreen.workflows.decide.measure import measure_batch_drift
from evergreen.workflows.decide.version_baseline import read_profile
from evergreen.workflows.ingest.quality_gate import taken
from evergreen.workflows.model_context import Workbench


def comparing(bench: Workbench, reference: Literal["champion", "rolling", "season"]) -> Workbench:
    """Give the bench of a model that compares its batches with another reference."""
    spec = bench.spec
    drift = spec.drift.model_copy(update={"reference": reference})
    changed = spec.model_copy(update={"drift": drift})
    return Workbench(bench.settings, replace(bench.loaded, spec=changed), bench.ledger)


def profile_of(bench: Workbench, batch: str) -> ReferenceProfile:
    return reference_for(bench, "1", taken(bench, "data", batch))


@pytest.fixture
def batch(bench: Workbench, upstream: Upstream) -> str:
    begin(bench, upstream)
    crown(bench)
    accept(bench, upstream, 6, shift=3.0)
    return accept(bench, upstream, 7, shift=3.0)


def test_the_champion_s_own_reference_is_the_default(bench: Workbench, batch: str) -> None:
    assert profile_of(bench, batch) == read_profile(bench, "1")


def test_a_rolling_reference_holds_the_batches_before(bench: Workbench, batch: str) -> None:
    profile = profile_of(comparing(bench, "rolling"), batch)

    # Four weeks before week 7: the delivery of weeks 0 to 4 reaches in, then 5 and 6.
    assert profile.n_rows == 7 * 400


def test_what_moved_weeks_ago_is_less_drift_against_a_rolling_reference(
    bench: Workbench, batch: str
) -> None:
    fixed = bench.store.read_json(measured(bench, batch))
    rolling = bench.store.read_json(measured(comparing(bench, "rolling"), batch))

    assert rolling["columns"][0]["psi"] < fixed["columns"][0]["psi"]


def measured(bench: Workbench, batch: str) -> str:
    request = {"dry_run": True}
    asked = {"batch": batch, "decision": "1234", "request": request}
    return str(measure_batch_drift(bench, asked)["path"])


def test_without_a_season_before_it_is_the_champion_s(bench: Workbench, batch: str) -> None:
    assert profile_of(comparing(bench, "season"), batch) == read_profile(bench, "1")
