from dataclasses import replace
from typing import Literal

import pytest

from drivers.history import accept, begin, crown, run_about
from drivers.tiny import Upstream
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.workflows.decide.drift_reference import reference_for
from evergreen.workflows.decide.measure import measure_batch_drift
from evergreen.workflows.decide.version_baseline import read_profile
from evergreen.workflows.ingest.quality_gate import taken
from evergreen.workflows.model_context import ModelContext


def comparing(
    context: ModelContext, reference: Literal["champion", "rolling", "season"]
) -> ModelContext:
    """Return the context of a model that compares its batches with another reference."""
    spec = context.spec
    drift = spec.drift.model_copy(update={"reference": reference})
    changed = spec.model_copy(update={"drift": drift})
    return ModelContext(context.settings, replace(context.loaded, spec=changed), context.ledger)


def profile_of(context: ModelContext, batch: str) -> ReferenceProfile:
    return reference_for(
        context.spec,
        context.ledger,
        context.store,
        "1",
        taken(context.ledger, context.spec.name, "data", batch),
    )


@pytest.fixture
def batch(context: ModelContext, upstream: Upstream) -> str:
    begin(context, upstream)
    crown(context)
    accept(context, upstream, 6, shift=3.0)
    return accept(context, upstream, 7, shift=3.0)


def test_the_champion_s_own_reference_is_the_default(context: ModelContext, batch: str) -> None:
    assert profile_of(context, batch) == read_profile(
        context.ledger, context.store, context.spec.name, "1"
    )


def test_a_rolling_reference_holds_the_batches_before(context: ModelContext, batch: str) -> None:
    profile = profile_of(comparing(context, "rolling"), batch)

    # Four weeks before week 7: the delivery of weeks 0 to 4 reaches in, then 5 and 6.
    assert profile.n_rows == 7 * 400


def test_what_moved_weeks_ago_is_less_drift_against_a_rolling_reference(
    context: ModelContext, batch: str
) -> None:
    fixed = context.store.read_json(measured(context, batch))
    rolling = context.store.read_json(measured(comparing(context, "rolling"), batch))

    assert rolling["columns"][0]["psi"] < fixed["columns"][0]["psi"]


def measured(context: ModelContext, batch: str) -> str:
    return str(measure_batch_drift(context, run_about(context, batch, dry_run=True)).path)


def test_without_a_season_before_it_is_the_champion_s(context: ModelContext, batch: str) -> None:
    assert profile_of(comparing(context, "season"), batch) == read_profile(
        context.ledger, context.store, context.spec.name, "1"
    )
