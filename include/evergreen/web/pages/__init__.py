"""The pages that people see: rendered by the server, without inline script or style."""

from fastapi import APIRouter

from evergreen.web.pages import airflow_tabs, routes

router = APIRouter(include_in_schema=False)
router.include_router(routes.router)
router.include_router(airflow_tabs.router)

__all__ = ["router"]
