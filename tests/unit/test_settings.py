import pytest

from evergreen.errors import SettingsError
from evergreen.settings import read_settings


@pytest.mark.parametrize(
    ("server", "named", "pages"),
    [
        pytest.param("http://mlflow:5000/", "", "http://mlflow:5000", id="the server's"),
        pytest.param("http://ann:secret@mlflow:5000", "", "http://mlflow:5000", id="no password"),
        pytest.param(
            "http://mlflow:5000", "https://ml.example/flow/", "https://ml.example/flow", id="named"
        ),
        pytest.param("databricks://profile", "", "", id="a server without pages of its own"),
        pytest.param("", "", "", id="no server"),
    ],
)
def test_mlflow_is_linked_where_people_reach_it(
    monkeypatch: pytest.MonkeyPatch, server: str, named: str, pages: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("EVERGREEN_MLFLOW_URL", named)

    settings = read_settings()

    assert (settings.mlflow_uri, settings.mlflow_url) == (server, pages)


@pytest.mark.parametrize("named", ["ml.example", "javascript:alert(1)", "https://"])
def test_what_is_no_address_of_pages_is_refused(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("EVERGREEN_MLFLOW_URL", named)

    with pytest.raises(SettingsError, match="EVERGREEN_MLFLOW_URL"):
        read_settings()
