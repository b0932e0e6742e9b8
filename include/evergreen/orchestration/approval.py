"""The step between evaluation and promotion in which a person answers, where the spec asks it."""

from typing import Any

from evergreen import dag_ids
from evergreen.orchestration.trigger_params import answer_params
from evergreen.spec.model import ModelSpec


def between(evaluate: Any, promote: Any, spec: ModelSpec) -> None:
    """Join two steps: directly, or by way of ``approve``; parsing stays light for all others."""
    if spec.promotion.approval == "none":
        evaluate >> promote
        return
    from evergreen.orchestration.approval_operator import ApprovalStep

    approve = ApprovalStep(task_id=dag_ids.APPROVE, model=spec.name, params=answer_params())
    evaluate >> approve >> promote
