"""Models, decisions and incidents by their ids, after a check of read access.

Without read access to a model the answer is 403, whether the id exists or not. A user who may read
every model gets 404 for an id that does not exist.
"""

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import HTTPException

from evergreen.ledger.records import Decision
from evergreen.web.queries.decision_detail import incident_detail
from evergreen.web.queries.model_detail import model_detail
from evergreen.web.queries.view_models import IncidentDetail, ModelDetail
from evergreen.web.server.authorization import check_read
from evergreen.web.server.services import Services


def known_model(services: Services, model: str, user: BaseUser) -> str:
    """Return the name of the model, once it is known and may be read.

    Raises:
        HTTPException: 403 without read access, 404 if there is none.
    """
    check_read(model, user)
    if services.specs.get(model) is None:
        raise HTTPException(404, "there is no such model")
    return model


def model_for(services: Services, model: str, user: BaseUser) -> ModelDetail:
    """Return a model in full.

    Raises:
        HTTPException: 403 without read access, 404 if there is none.
    """
    check_read(model, user)
    detail = model_detail(services, model)
    if detail is None:
        raise HTTPException(404, "there is no such model")
    return detail


def decision_for(services: Services, identity: str, user: BaseUser) -> Decision:
    """Return a decision.

    Raises:
        HTTPException: 403 without read access, 404 if there is none.
    """
    decision = services.ledger.decisions.find(identity)
    check_read(decision.model if decision else "", user)
    if decision is None:
        raise HTTPException(404, "there is no such decision")
    return decision


def incident_for(services: Services, incident_id: int, user: BaseUser) -> IncidentDetail:
    """Return an incident in full.

    Raises:
        HTTPException: 403 without read access, 404 if there is none.
    """
    detail = incident_detail(services, incident_id)
    check_read(detail.incident.model if detail else "", user)
    if detail is None:
        raise HTTPException(404, "there is no such incident")
    return detail
