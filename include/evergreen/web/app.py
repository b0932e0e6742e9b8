"""The FastAPI application that Airflow mounts under ``/evergreen``."""

from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI

PREFIX = "/evergreen"


def create_app() -> FastAPI:
    """Give the application; every route asks for Airflow's login."""
    return FastAPI(
        title="Evergreen",
        description="What the suite knows about its models: state, decisions, drift, incidents.",
        dependencies=[Depends(get_user)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
