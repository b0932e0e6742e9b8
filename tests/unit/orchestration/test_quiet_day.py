"""A day on which nothing happened pays for no library of the days on which something did."""

import json
import os
import subprocess
import sys
from pathlib import Path

from drivers.history import accept, begin, crown
from drivers.tiny import Upstream
from evergreen.workflows.model_context import ModelContext

DECIDE = """
import json, sys
from drivers.runs import training_run
model, batch = sys.argv[1:]
run = training_run(model, batch)
recorded = run.play()
heavy = ("evidently", "great_expectations", "plotly", "mlflow", "lightgbm", "sklearn")
print(json.dumps({
    "outcome": recorded and recorded["outcome"],
    "errors": {task: str(error) for task, error in run.errors.items()},
    "loaded": [name for name in heavy if name in sys.modules],
}))
"""


def decide_in_a_fresh_process(model: str, batch: str) -> dict[str, object]:
    tests = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", DECIDE, model, batch],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": tests},
    )
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_a_quiet_decision_loads_no_report_no_gate_and_no_registry(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    begin(context, upstream)
    crown(context)
    quiet = accept(context, upstream, 6)

    decided = decide_in_a_fresh_process(name, quiet)

    assert decided == {"outcome": "stood_down", "errors": {}, "loaded": []}


def test_a_drifted_batch_is_where_the_report_is_paid_for(
    context: ModelContext, upstream: Upstream, name: str
) -> None:
    begin(context, upstream)
    crown(context)
    drifted = accept(context, upstream, 6, shift=3.0)

    decided = decide_in_a_fresh_process(name, drifted)

    assert "evidently" in str(decided["loaded"])
