"""Making a challenger champion, against a real MLflow server."""

from pathlib import Path

import pytest

from drivers.history import begin, evaluated_model, reign, run_about, trained_model
from drivers.tiny import Upstream
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promote import promote_challenger
from evergreen.workflows.promote.promotion_lock import claim_lane, outdated_by

pytestmark = pytest.mark.usefixtures("mlflow_uri")


@pytest.fixture
def two_champions(context: ModelContext, upstream: Upstream, model_file: Path) -> None:
    begin(context, upstream)
    reign(context, model_file)
    reign(context, model_file)


@pytest.mark.usefixtures("two_champions")
def test_a_promotion_that_was_begun_is_finished_whatever_has_landed_since(
    context: ModelContext, upstream: Upstream
) -> None:
    about = run_about(context, "2024-01-01")
    assert outdated_by(context.spec, context.ledger, about) == "2024-02-05"

    own = about.model_copy(update={"decision_id": "decision for v2"})

    assert outdated_by(context.spec, context.ledger, own) is None
    entry = context.ledger.versions.get(context.spec.name, "2")
    row = promote_challenger(
        context,
        own,
        trained_model(own, "2", sha256=entry.sha256),
        evaluated_model(own),
        token=claim_lane(context, own),
    )
    assert (row.epoch, row.version) == (2, "2")
