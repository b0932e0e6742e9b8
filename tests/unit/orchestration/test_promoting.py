"""Moving the champion by hand, against a real MLflow server."""

from pathlib import Path
from typing import Any

import pytest

from drivers.history import asked_for, begin, reign
from drivers.runs import DagRun, Run
from drivers.tiny import Upstream
from evergreen.orchestration.failures import RequestRefused
from evergreen.orchestration.fencing import claim_lane, outdated_by
from evergreen.orchestration.promoting import promote_challenger
from evergreen.orchestration.training_tasks import roll_back
from evergreen.orchestration.workbench import Workbench

pytestmark = pytest.mark.usefixtures("mlflow_uri")


@pytest.fixture
def two_champions(bench: Workbench, upstream: Upstream, model_file: Path) -> None:
    begin(bench, upstream)
    reign(bench, model_file)
    reign(bench, model_file)


def rollback(bench: Workbench, conf: Any, run_id: str = "manual__1") -> Run:
    dag_run = DagRun(
        f"rollback__{bench.spec.name}",
        run_id,
        conf=conf,
        triggering_user_name="ada",
        run_type="manual",
    )
    return Run(dag_run)


def alias_of(bench: Workbench) -> str | None:
    found = bench.registry.get_alias(bench.spec.name, "champion")
    return None if found is None else found.version


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize("version", [None, "1"], ids=["previous", "named"])
def test_a_rollback_moves_ledger_and_alias_and_is_told(
    bench: Workbench, version: str | None
) -> None:
    run = rollback(bench, {"reason": "wrong on Mondays", "version": version})

    first = run.call(roll_back, bench.spec.name)
    again = run.call(roll_back, bench.spec.name)

    assert first == again
    assert (first["version"], first["kind"], alias_of(bench)) == ("1", "rollback", "1")
    assert first["reason"] == "ada: wrong on Mondays"
    told = bench.ledger.alerts.history(bench.spec.name)
    assert [entry.alert.kind for entry in told] == ["rolled_back"]


@pytest.mark.usefixtures("two_champions")
@pytest.mark.parametrize(
    ("conf", "says"),
    [
        pytest.param({}, "needs a reason", id="no reason"),
        pytest.param({"reason": "  "}, "needs a reason", id="blank reason"),
        pytest.param({"reason": "x", "version": "9"}, "v9", id="never champion"),
        pytest.param({"reason": "x", "version": 1}, "must be a text", id="number"),
        pytest.param({"reason": "x", "verison": "1"}, "did you mean 'version'", id="misspelt"),
    ],
)
def test_a_wrong_rollback_is_refused_and_moves_nothing(
    bench: Workbench, conf: Any, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says):
        rollback(bench, conf).call(roll_back, bench.spec.name)

    assert alias_of(bench) == "2"
    assert bench.ledger.alerts.history(bench.spec.name) == []


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
