"""Who may see and do what: Airflow's own login and its access rights per DAG.

Read access to the DAG ``continual_training__<model>`` grants access to the model's pages; edit
access grants actions on it. Without read access the answer is the same as for an unknown model.
"""

from collections.abc import Iterable
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Path

UserDep = Annotated[BaseUser, Depends(get_user)]
# Parts of an address: only the form of our own ids, so no dot, no slash, nothing long.
ModelName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
BatchId = Annotated[str, Path(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$")]
DecisionId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
IncidentId = Annotated[int, Path(ge=1, le=2**31 - 1)]
DAG = "continual_training"


def dag_of(model: str) -> str:
    """Return the DAG whose access rights are those of the model."""
    return f"{DAG}__{model}"


def readable(names: Iterable[str], user: BaseUser) -> frozenset[str]:
    """Return the models that the user may read."""
    by_dag = {dag_of(name): name for name in names}
    allowed = get_auth_manager().filter_authorized_dag_ids(
        dag_ids=set(by_dag), user=user, method="GET"
    )
    return frozenset(by_dag[dag_id] for dag_id in allowed)


def may_read(model: str, user: BaseUser) -> bool:
    """Return whether the user may read the model."""
    details = DagDetails(id=dag_of(model))
    return get_auth_manager().is_authorized_dag(method="GET", details=details, user=user)


def may_edit(model: str, user: BaseUser) -> bool:
    """Return whether the user may act on the model."""
    details = DagDetails(id=dag_of(model))
    return get_auth_manager().is_authorized_dag(method="PUT", details=details, user=user)


def check_read(model: str, user: BaseUser) -> None:
    """Refuse a user without read access to the model.

    Raises:
        HTTPException: 403, the same for a model that does not exist.
    """
    if not may_read(model, user):
        raise HTTPException(403, "no such model, or you may not read it")


def check_edit(model: str, user: BaseUser) -> None:
    """Refuse a user without edit access to the model.

    Raises:
        HTTPException: 403.
    """
    check_read(model, user)
    if not may_edit(model, user):
        raise HTTPException(
            403,
            f"you may read {model} but not act on it: that needs edit access to {dag_of(model)}",
        )
