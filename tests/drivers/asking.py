"""A run of ``continual_training`` at the step where a person is asked.

What Airflow does between asking and answering is left out: its page and the wait.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import set_current_context

from drivers.history import asked_for
from drivers.runs import DagRun, Run
from drivers.tiny import FIRST, WEEK
from evergreen.ledger.records import Approval
from evergreen.measurements import DecayMeasurement
from evergreen.orchestration.approval_operator import ApprovalStep
from evergreen.orchestration.trigger_params import answer_params
from evergreen.records import Evaluation, MetricEstimate, Window
from evergreen.spec.loader import load_spec
from evergreen.workflows.decide.close_decision import record_outcome
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import why_not_now

RUN_ID = "asset_triggered__1"
NO_DECAY = DecayMeasurement(verdict="insufficient_data", sentence="").to_json()
ADA = {"id": "7", "name": "ada"}

PROMOTION = """
promotion:
  approval: required
  approval_timeout_hours: {hours}
  approval_on_timeout: {on_timeout}
  approvers: [{approvers}]
"""


def make_evaluation(evaluated_at: datetime | None = None) -> Evaluation:
    metric = MetricEstimate(name="auc", value=0.9, se=0.01, n_rows=400)
    return Evaluation(
        challenger_version="2",
        champion_version="1",
        challenger=metric,
        champion=metric,
        gain=0.02,
        gain_se=0.005,
        gain_low=0.01,
        gain_high=0.03,
        n_rows=400,
        holdout=Window(start=FIRST, end=FIRST + WEEK),
        evaluated_at=evaluated_at or datetime.now(UTC),
        sentence="",
    )


class Case:
    """A run whose challenger won; ``ask`` and ``answer`` do what the step does."""

    def __init__(self, context: ModelContext, batch: str, **request: Any) -> None:
        self.context = context
        self.asked = asked_for(context, batch, RUN_ID, **request)
        dag_run = DagRun(f"continual_training__{context.spec.name}", RUN_ID, batch)
        self.run = Run(dag_run)
        self.run.returned["check_request"] = self.asked
        self.run.returned["train_challenger"] = {"version": "2", "sha256": "a" * 64}
        self.step = ApprovalStep(task_id="approve", model=context.spec.name, params=answer_params())
        decide_batch(context, self.asked, {"version": None, "path": None}, NO_DECAY, RUN_ID)
        self.evaluate()

    def evaluate(self, verdict: str = "promote") -> None:
        self.run.returned["evaluate_challenger"] = {
            "evaluation": make_evaluation().to_json(),
            "verdict": {"verdict": verdict, "sentence": "auc gain +0.02"},
        }

    def ask(self) -> Any:
        return self._do(self.step.execute)

    def answer(self, option: str, user: dict[str, str] | None = ADA, comment: str = "") -> Any:
        event = {
            "chosen_options": [option],
            "params_input": {"comment": comment},
            "responded_at": datetime.now(UTC),
            "responded_by_user": user,
            "timedout": user is None,
        }
        return self._do(lambda airflow_context: self.step.execute_complete(airflow_context, event))

    def _do(self, step: Any) -> Any:
        self.run.forget("approve")
        airflow_context: Any = {**self.run.context("approve"), "task": self.step}
        airflow_context["task_instance"] = airflow_context["ti"]
        airflow_context["ti"].id = "an id"
        with set_current_context(airflow_context):
            try:
                result = step(airflow_context)
            except AirflowSkipException:
                self.run.states["approve"] = "skipped"
                raise
        self.run.states["approve"] = "success"
        self.run.returned["approve"] = result
        return result

    def close(self) -> tuple[str, str]:
        """Let record_decision close the run; give outcome and sentence."""
        self.run.states |= {
            "decide": "success",
            "train_challenger": "success",
            "evaluate_challenger": "success",
            "promote": "skipped",
        }
        airflow_context = self.run.context("record_decision")
        recorded = record_outcome(self.context, airflow_context, self.asked, self.run.states)
        return recorded["outcome"], recorded["sentence"]

    def why_not_promoted(self) -> str:
        returned = self.run.returned
        stay = why_not_now(
            self.context, self.asked, returned["train_challenger"], returned["evaluate_challenger"]
        )
        return "" if stay is None else stay.sentence

    @property
    def row(self) -> Approval:
        found = self.context.ledger.approvals.get(self.asked["decision"])
        assert found is not None
        return found


def change_spec(context: ModelContext, text: str) -> None:
    """Let the spec say this of promotions from now on."""
    file = context.loaded.folder / "model.yaml"
    file.write_text(file.read_text().split("\npromotion:")[0] + text)
    context.loaded = load_spec(context.loaded.folder, home=context.settings.home)


def told(context: ModelContext) -> list[str]:
    """Return the kinds of what was told, without what incidents add: calm batches and endings."""
    told = [entry.alert for entry in context.ledger.alerts.history(context.spec.name)]
    return [alert.kind for alert in told if not alert.incident.startswith("incident:")]
