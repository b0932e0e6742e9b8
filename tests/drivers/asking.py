"""A run of ``continual_training`` at the step where a person is asked.

What Airflow does between asking and answering is left out: its page and the wait.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import set_current_context

from drivers.history import NO_DECAY, NO_DRIFT, evaluated_model, run_about, trained_model
from drivers.runs import DagRun, Run
from evergreen.ledger.records import Approval
from evergreen.orchestration.approval_operator import ApprovalStep
from evergreen.orchestration.dag_runs import run_info, stay_of
from evergreen.orchestration.trigger_params import answer_params
from evergreen.spec.loader import load_spec
from evergreen.workflows.decide.close_decision import record_outcome
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.model_context import ModelContext
from evergreen.workflows.promote.promotion_blocks import why_not_now

RUN_ID = "asset_triggered__1"
ADA = {"id": "7", "name": "ada"}

PROMOTION = """
promotion:
  approval: required
  approval_timeout_hours: {hours}
  approval_on_timeout: {on_timeout}
  approvers: [{approvers}]
"""


class Case:
    """A run whose challenger won; ``ask`` and ``answer`` do what the step does."""

    def __init__(self, context: ModelContext, batch: str, **request: Any) -> None:
        self.context = context
        self.batch = batch
        dag_run = DagRun(f"continual_training__{context.spec.name}", RUN_ID, batch)
        self.run = Run(dag_run)
        self.step = ApprovalStep(task_id="approve", model=context.spec.name, params=answer_params())
        self.begin_anew(**request)

    def begin_anew(self, **request: Any) -> None:
        """Let the run begin, with the spec of now, and come to the step that asks."""
        self.about = run_about(self.context, self.batch, RUN_ID, **request)
        self.run.returned["check_request"] = self.about.to_json()
        self.trained = trained_model(self.about, "2")
        self.run.returned["train_challenger"] = self.trained.to_json()
        decide_batch(self.context, self.about, NO_DRIFT, NO_DECAY, run_id=RUN_ID)
        self.evaluate()

    def evaluate(self, verdict: str = "promote") -> None:
        self.evaluated = evaluated_model(self.about, verdict)
        self.run.returned["evaluate_challenger"] = self.evaluated.to_json()

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
        closed = record_outcome(
            self.context,
            self.about,
            run_info(airflow_context),
            self.run.states,
            trained=self.trained,
            evaluated=self.evaluated,
            stay=stay_of(airflow_context, self.run.states),
        )
        return closed.outcome, closed.sentence

    def why_not_promoted(self) -> str:
        stay = why_not_now(self.context, self.about, self.trained, self.evaluated)
        return "" if stay is None else stay.sentence

    @property
    def row(self) -> Approval:
        found = self.context.ledger.approvals.get(self.about.decision_id)
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
    return [alert.kind for alert in told if not alert.message_key.startswith("incident:")]
