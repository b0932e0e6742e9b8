"""The process behind ``running_web``: Airflow's own API application with FAB's logins, served.

Told by its environment, as every Airflow process is; writes what tests have to know to ``ready``.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.db import initdb
from airflow.utils.session import create_session

from evergreen.web.lazy_app import LazyApp
from evergreen.web_addresses import PREFIX

BUNDLE = "dags-folder"
RUNS = "DAG Runs"
READ, EDIT, CREATE = "can_read", "can_edit", "can_create"


def rights_of(one: str) -> dict[str, set[tuple[str, str]]]:
    """Return the rights of each role; ``one`` is the model that all but ``nobody`` may read."""
    training, hold = f"DAG:continual_training__{one}", f"DAG:hold__{one}"
    viewer = {(READ, training), (READ, hold), (READ, RUNS)}
    watcher = viewer | {(EDIT, training)}
    editor = watcher | {(EDIT, hold), (CREATE, RUNS)}
    return {"nobody": set(), "viewer": viewer, "watcher": watcher, "editor": editor}


def add_people(rights: dict[str, set[tuple[str, str]]]) -> dict[str, dict[str, str]]:
    """Add one user per role, and ``admin``; give a good and an expired token of each."""
    manager: Any = get_auth_manager()
    with manager.flask_app.app_context():
        security = manager.security_manager
        roles = {"admin": security.find_role("Admin")}
        for name, pairs in rights.items():
            roles[name] = security.add_role(f"evergreen-{name}")
            for action, resource in sorted(pairs):
                permission = security.create_permission(action, resource)
                security.add_permission_to_role(roles[name], permission)
        found = {}
        for name, role in roles.items():
            user = security.add_user(name, name, "Test", f"{name}@example.org", role)
            found[name] = {
                "id": user.get_id(),
                "good": manager.generate_jwt(user),
                "expired": manager.generate_jwt(user, expiration_time_in_seconds=-3600),
            }
    return found


def add_dags(folder: Path) -> None:
    """Let Airflow know the DAGs, as its DAG processor would, and unpause all but one."""
    bag = DagBag(dag_folder=folder, bundle_name=BUNDLE, bundle_path=folder)
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
        session.flush()
        sync_bag_to_db(bag, BUNDLE, None, session=session)
        for dag in session.query(DagModel):
            dag.is_paused = dag.dag_id.startswith("hold__") and dag.dag_id != "hold__one"


def routes_of(app: Any, prefix: str = "") -> list[list[str]]:
    """Return (method, path) of every route below an application, mounts included."""
    found = []
    for route in app.routes:
        inner = getattr(route, "app", None)
        if hasattr(inner, "routes"):
            found += routes_of(inner, prefix + route.path)
        for method in getattr(route, "methods", None) or ():
            found.append([method, prefix + route.path])
    return sorted(found)


def ours(app: Any) -> Any:
    """Return our application out of Airflow's, where the plugin manager has mounted it."""
    (mount,) = (route for route in app.routes if getattr(route, "path", "") == PREFIX)
    assert isinstance(mount.app, LazyApp)
    return mount.app.make().app


def main(port: int, ready: Path) -> None:
    """Serve until the process is ended."""
    initdb()
    app = create_app(apps="core")
    add_dags(Path(conf.get("core", "dags_folder")))
    facts = {
        "people": add_people(rights_of("one")),
        "routes": routes_of(ours(app), PREFIX),
        "pid": os.getpid(),
    }
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
    ready.write_text(json.dumps(facts))
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
