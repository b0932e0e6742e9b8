"""What every Airflow process loads is light, and the UI gets what it knows how to fill in."""

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.web_server import PROJECT, Web
from evergreen.web.lazy_app import external_views
from evergreen.web_addresses import PREFIX

LOAD = f"""
import sys
import airflow.plugins_manager
before = set(sys.modules)
sys.path.insert(0, r"{PROJECT / "plugins"}")
import evergreen_plugin
print(*sorted(set(sys.modules) - before))
"""
LIGHT = {
    *("evergreen_plugin", "evergreen", "evergreen.web_addresses"),
    *("evergreen.web", "evergreen.web.lazy_app"),
    *("evergreen.web.server", "evergreen.web.server.asgi"),
}
HEAVY = ("fastapi", "starlette", "jinja2", "sqlalchemy", "pandas", "pyarrow", "alembic", "httpx")


def test_loading_the_plugin_imports_no_page(tmp_path: Path) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={"AIRFLOW_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert {name for name in loaded if name.startswith("evergreen")} == LIGHT
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


def test_airflow_serves_the_plugin_and_its_views(web: Web) -> None:
    with web.client("admin") as client:
        found = client.get("/api/v2/plugins").raise_for_status().json()["plugins"]
        errors = client.get("/api/v2/plugins/importErrors").raise_for_status().json()

    (ours,) = [plugin for plugin in found if plugin["name"] == "evergreen"]
    assert errors["total_entries"] == 0
    assert [app["url_prefix"] for app in ours["fastapi_apps"]] == [PREFIX]
    assert {view["destination"]: view["href"] for view in ours["external_views"]} == {
        "nav": f"{PREFIX}/models",
        "dag": f"{PREFIX}/embed/dag/{{DAG_ID}}",
        "dag_run": f"{PREFIX}/embed/run/{{DAG_ID}}/{{RUN_ID}}",
        "task": f"{PREFIX}/embed/task/{{DAG_ID}}/{{TASK_ID}}",
        "task_instance": f"{PREFIX}/embed/run/{{DAG_ID}}/{{RUN_ID}}",
    }


def test_every_view_and_its_icons_lead_somewhere(web: Web) -> None:
    filled = {"{DAG_ID}": "continual_training__one", "{RUN_ID}": "asset__1", "{TASK_ID}": "decide"}

    with web.client("viewer") as client:
        for view in external_views(""):
            href = view["href"]
            for place, value in filled.items():
                href = href.replace(place, value)
            assert client.get(href).status_code == 200
            assert client.get(view["icon"]).status_code == 200
            assert client.get(view["icon_dark_mode"]).status_code == 200


def test_views_have_routes_of_their_own_under_the_path_of_airflow() -> None:
    views = external_views("/airflow")

    assert len({view["url_route"] for view in views}) == len(views)
    assert all(view["href"].startswith(f"/airflow{PREFIX}/") for view in views)


@pytest.mark.parametrize("placeholder", ["{DAG_ID}", "{RUN_ID}", "{TASK_ID}"])
def test_airflows_ui_knows_the_placeholder(placeholder: str) -> None:
    import airflow

    assets = Path(airflow.__file__).parent / "ui" / "dist" / "assets"

    assert any(placeholder in script.read_text() for script in assets.glob("index-*.js"))
