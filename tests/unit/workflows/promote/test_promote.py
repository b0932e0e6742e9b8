"""Making a challenger champion, against a real MLflow server."""

from pathlib import Path

import pytest

from drivers.history import asked_for, begin, reign
from drivers.tiny import Upstream
from evergreen.workflows.model_context import Workbench
from evergreen.workflows.promote.promote import promote_challenger
from evergreen.workflows.promote.promotion_lock import claim_lane, outdated_by

pytestmark = pytest.mark.usefixtures("mlflow_uri")


@pytest.fixture
def two_champions(bench: Workbench, upstream: Upstream, model_file: Path) -> None:
    begin(bench, upstream)
    reign(bench, model_file)
    reign(bench, model_file)


@pytest.mark.usefixtures("two_champions")
def test_a_promotion_that_was_begun_is_finished_whatever_has_landed_since(
    bench: Workbench, upstream: Upstream
) -> None:
    asked = asked_for(bench, "2024-01-01")
    assert outdated_by(bench, asked) == "2024-02-05"

    own = {**asked, "decision": "decision for v2"}

    assert outdated_by(bench, own) is None
    entry = bench.ledger.versions.get(bench.spec.name, "2")
    row = promote_challenger(
        bench,
        own,
        {"version": "2", "sha256": entry.sha256},
        {"evaluation": {"champion_version": "1"}, "verdict": {"sentence": "better"}},
        token=claim_lane(bench, own),
    )
    assert (row.epoch, row.version) == (2, "2")
