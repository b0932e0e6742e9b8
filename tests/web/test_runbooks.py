"""A model's spec may name a runbook of its own for an alert kind; the address stays the kind's."""

import pytest

from drivers.web_scene import HIDDEN, OPEN
from drivers.web_server import Web
from evergreen.web_addresses import PREFIX


@pytest.mark.parametrize(
    ("user", "asked", "shown"),
    [
        pytest.param("viewer", f"no_data?model={OPEN}", "drift", id="named by the spec"),
        pytest.param("viewer", f"failed?model={OPEN}", "failed", id="not named by the spec"),
        pytest.param("viewer", "no_data", "no_data", id="for no model"),
        pytest.param("admin", f"no_data?model={HIDDEN}", "no_data", id="of another model"),
        pytest.param("nobody", f"no_data?model={OPEN}", "no_data", id="a spec not to be read"),
        pytest.param("viewer", "no_data?model=unheard", "no_data", id="no such model"),
    ],
)
def test_the_runbook_of_the_model_is_shown(web: Web, user: str, asked: str, shown: str) -> None:
    with web.browser(user) as browser:
        page = browser.get(f"{PREFIX}/runbooks/{asked}")

    assert page.status_code == 200
    assert f"<code>{shown}</code>" in page.text
