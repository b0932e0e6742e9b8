"""The operator that waits for a person's answer: Airflow's own, with our question and ledger."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator

from evergreen import dag_ids
from evergreen.orchestration.dag_factory import STEP_TIMEOUT
from evergreen.orchestration.dag_runs import result_of, run_info, stay_here
from evergreen.orchestration.retry_rules import no_retry_helps
from evergreen.records import Json
from evergreen.workflows.decision_run import DecisionRun, Evaluated, Stay, Trained
from evergreen.workflows.model_context import open_model_context

if TYPE_CHECKING:
    from evergreen.workflows.promote.approvals import Answered

log = logging.getLogger(__name__)

APPROVE, REFUSE = ApprovalOperator.APPROVE, ApprovalOperator.REJECT


class ApprovalStep(HITLOperator):
    """Asks whether the challenger may become champion; skipped where nobody needs to be asked.

    A refusal skips ``promote``. Who answers is checked here against ``promotion.approvers``, by
    user name: Airflow would compare ids, which are numbers under its FAB auth manager.
    """

    def __init__(self, *, model: str, **kwargs: Any) -> None:
        super().__init__(
            subject=f"{model}: may the challenger become champion?",
            options=[APPROVE, REFUSE],
            response_timeout=STEP_TIMEOUT,  # replaced by the spec's when it asks
            **kwargs,
        )
        self.model = model

    def execute(self, context: Any) -> Any:
        """Ask, and wait; or go on at once where the answer is there already.

        Raises:
            AirflowSkipException: Nobody needs to be asked, or it was refused before.
            TaskAwaitingInput: Airflow resumes at ``execute_complete``.
        """
        from evergreen.workflows.promote.approvals import Question, open_question

        run = result_of(dag_ids.CHECK_REQUEST, DecisionRun)
        trained = result_of(dag_ids.TRAIN_CHALLENGER, Trained)
        evaluated = result_of(dag_ids.EVALUATE_CHALLENGER, Evaluated)
        info = run_info(context)
        with no_retry_helps(), open_model_context(self.model, run.spec_hash) as opened:
            found = open_question(opened, run, info, trained, evaluated)
        if not isinstance(found, Question):
            return _go_on(found)
        self.subject, self.body = found.subject, found.body
        self.defaults = [APPROVE if found.on_timeout == "promote" else REFUSE]
        self.response_timeout = found.time_left
        log.info("%s", found.subject)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Keep the answer; asked again where it came from somebody who may not answer.

        Raises:
            AirflowSkipException: It was refused, or nobody answered and the champion stays.
        """
        from evergreen.workflows.promote.approvals import keep_answer, may_answer

        given = super().execute_complete(context, event)
        run, user = result_of(dag_ids.CHECK_REQUEST, DecisionRun), given["responded_by_user"] or {}
        with no_retry_helps(), open_model_context(self.model, run.spec_hash) as opened:
            if not user or may_answer(opened, user):
                answer = keep_answer(
                    opened,
                    run,
                    is_granted=given["chosen_options"] == [APPROVE],
                    answered_by=str(user.get("name") or ""),
                    is_late=not user,
                    comment=str(given["params_input"].get("comment") or ""),
                )
                return _go_on(answer)
        log.warning("%s may not answer this; it is asked again", user.get("name"))
        return self.execute(context)


def _go_on(found: "Answered | Stay") -> Json:
    """Return the answer for the tasks that follow.

    Raises:
        AirflowSkipException: The champion stays; ``promote`` is skipped with this task.
    """
    if isinstance(found, Stay):
        stay_here(found)
    return found.to_json()
