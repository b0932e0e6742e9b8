"""``/metrics``: metrics for Prometheus, of the models that its user may read.

Prometheus logs in with a bearer token of Airflow, as every client does.
"""

from functools import cache

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response

from evergreen.web.metrics.collect import take_reading
from evergreen.web.metrics.exposition import ReadingCollector
from evergreen.web.metrics.task_durations import StepShelf, read_durations
from evergreen.web.server.services import ServicesDep, VisibleDep

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def show_metrics(request: Request, services: ServicesDep, visible: VisibleDep) -> Response:
    """Return one reading of everything, in the format that the client accepts."""
    reading = take_reading(services, visible, read_steps=_steps().of)
    registry = CollectorRegistry()
    registry.register(ReadingCollector(reading))
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=None, headers={"Content-Type": content_type})


@cache
def _steps() -> StepShelf:
    return StepShelf(read_durations)
