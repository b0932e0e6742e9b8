"""Every route of the application, with an address of each: what the tests of the security ask for.

A route that is not listed here fails ``test_every_route_is_listed``.
"""

from dataclasses import dataclass
from typing import Literal

from evergreen.web.app import METHODS

# ``model``: only for who may read the model that the address names. ``all``: for everybody who is
# logged in; what it lists is filtered. ``edit``: changes something, for who may edit the model.
Audience = Literal["model", "all", "edit"]
CATCH_ALL = "/{path:path}"
TRAINING = "continual_training__{model}"


@dataclass(frozen=True)
class Route:
    """One route and how to ask for it.

    Attributes:
        path: As it is declared.
        audience: Who gets an answer.
        url: An address of it; ``{model}``, ``{decision}`` and ``{incident}`` are filled in.
        method: HTTP method.
        status: What a viewer of the model gets.
    """

    path: str
    audience: Audience
    url: str
    method: str = "GET"
    status: int = 200


ROUTES = (
    Route("/", "all", "/", status=307),
    Route("/models", "all", "/models"),
    Route("/models/{model}", "model", "/models/{model}"),
    Route("/models/{model}/decisions", "model", "/models/{model}/decisions"),
    Route("/decisions/{decision_id}", "model", "/decisions/{decision}"),
    Route("/incidents/{incident_id}", "model", "/incidents/{incident}"),
    Route("/runbooks", "all", "/runbooks"),
    Route("/runbooks/{kind}", "all", "/runbooks/drift"),
    Route("/embed/dag/{dag_id}", "model", f"/embed/dag/{TRAINING}"),
    Route("/embed/run/{dag_id}/{run_id:path}", "model", f"/embed/run/{TRAINING}/asset__1"),
    Route("/embed/task/{dag_id}/{task_id}", "model", f"/embed/task/{TRAINING}/decide"),
    Route("/api/models", "all", "/api/models"),
    Route("/api/models/{model}", "model", "/api/models/{model}"),
    Route("/api/models/{model}/timeline", "model", "/api/models/{model}/timeline"),
    Route("/api/models/{model}/decisions", "model", "/api/models/{model}/decisions"),
    Route(
        "/api/models/{model}/champion",
        "model",
        "/api/models/{model}/champion?at=2013-03-05T12:00:00Z",
    ),
    Route("/api/decisions/{decision_id}", "model", "/api/decisions/{decision}"),
    Route("/api/decisions/{decision_id}/drift", "model", "/api/decisions/{decision}/drift"),
    Route(
        "/api/decisions/{decision_id}/bins",
        "model",
        "/api/decisions/{decision}/bins?feature=x",
        status=404,
    ),
    Route("/api/incidents", "all", "/api/incidents"),
    Route("/api/incidents/{incident_id}", "model", "/api/incidents/{incident}"),
    Route("/openapi.json", "all", "/openapi.json"),
    Route("/docs", "all", "/docs"),
    Route("/metrics", "all", "/metrics"),
    Route("/static/{name:path}", "all", "/static/icon.svg"),
    Route("/reports/{decision_id}", "model", "/reports/{decision}"),
    Route("/data-docs/{decision_id}", "model", "/data-docs/{decision}"),
    Route("/data-docs/{model}/{batch}", "model", "/data-docs/{model}/2013-03-05"),
    *(
        Route(
            "/actions/models/{model}/{action}", "edit", f"/actions/models/{{model}}/{act}", "POST"
        )
        for act in ("force_retrain", "hold", "release")
    ),
    *(
        Route(
            f"/actions/incidents/{{incident_id}}/{act}",
            "edit",
            f"/actions/incidents/{{incident}}/{act}",
            "POST",
        )
        for act in ("acknowledge", "snooze")
    ),
    *(Route(CATCH_ALL, "all", "/no/such/page", method, 404) for method in METHODS),
)
