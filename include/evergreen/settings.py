"""Folders and addresses of one installation: read from the environment, not at import."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evergreen.errors import SettingsError

MARKER = Path("include") / "models"
MIN_SCORING_GB = 2
AIRFLOW_CONNECTIONS = "evergreen.orchestration.connections:AirflowConnections"


@dataclass(frozen=True)
class Settings:
    """Addresses and folders of one installation.

    Attributes:
        home: Folder for everything that Evergreen writes locally.
        models_dir: Folder of the model specs, one sub-folder per model.
        runbooks_dir: Folder of the runbooks, one Markdown file per alert kind.
        store_uri: Root of snapshots, predictions, profiles and reports, ``file://`` or ``s3://``.
        store_connection_id: Airflow connection for an ``s3://`` store; empty: AWS defaults.
        ledger_url: SQLAlchemy URL of the ledger.
        mlflow_uri: Address of the MLflow tracking server; empty where none was named.
        mlflow_url: Public address of MLflow's pages, for links; empty where it has none.
        airflow_url: Public address of the Airflow UI, for links in alerts; may be empty.
        runbook_url: Public address under which the runbooks can be read; may be empty.
        connections: Where credentials come from, as ``package.module:Class``; default: Airflow.
        scoring_memory_bytes: Address space of a scoring process; None: follows from its files.
    """

    home: Path
    models_dir: Path
    runbooks_dir: Path
    store_uri: str
    store_connection_id: str
    ledger_url: str
    mlflow_uri: str
    mlflow_url: str
    airflow_url: str
    runbook_url: str
    scoring_memory_bytes: int | None = None
    connections: str = AIRFLOW_CONNECTIONS

    def require_mlflow_uri(self) -> str:
        """Return the MLflow address.

        Raises:
            SettingsError: None was named.
        """
        if not self.mlflow_uri:
            raise SettingsError(
                "MLFLOW_TRACKING_URI is not set; name the MLflow server, for example"
                " http://127.0.0.1:5000"
            )
        return self.mlflow_uri


def project_root() -> Path:
    """Return the project: ``EVERGREEN_PROJECT``, or the nearest parent that holds include/models.

    Raises:
        SettingsError: Neither leads to a project.
    """
    named = os.environ.get("EVERGREEN_PROJECT")
    if named:
        return Path(named).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / MARKER).is_dir():
            return folder
    raise SettingsError(
        f"no {MARKER} at or above {here}; run inside an Evergreen project or set EVERGREEN_PROJECT"
    )


def read_settings() -> Settings:
    """Read the settings from the environment; what is not set falls back to the embedded default.

    Raises:
        SettingsError: A value cannot be used; the text names the variable.
    """
    root = project_root()
    home = Path(os.environ.get("EVERGREEN_HOME") or root / ".evergreen").resolve()
    store_uri = os.environ.get("EVERGREEN_STORE_URI") or f"file://{home}/store"
    if urlsplit(store_uri).scheme not in ("file", "s3"):
        raise SettingsError(
            f"EVERGREEN_STORE_URI is {store_uri!r}; expected file:///folder or s3://bucket/prefix"
        )
    mlflow_uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return Settings(
        home=home,
        models_dir=Path(os.environ.get("EVERGREEN_MODELS_DIR") or root / MARKER).resolve(),
        runbooks_dir=Path(
            os.environ.get("EVERGREEN_RUNBOOKS_DIR") or root / "include" / "runbooks"
        ).resolve(),
        store_uri=store_uri.rstrip("/"),
        store_connection_id=os.environ.get("EVERGREEN_STORE_CONNECTION_ID", ""),
        ledger_url=os.environ.get("EVERGREEN_LEDGER_URL") or f"sqlite:///{home}/ledger.db",
        mlflow_uri=mlflow_uri,
        mlflow_url=_mlflow_pages(os.environ.get("EVERGREEN_MLFLOW_URL", ""), mlflow_uri),
        airflow_url=os.environ.get("EVERGREEN_AIRFLOW_URL", "").rstrip("/"),
        runbook_url=os.environ.get("EVERGREEN_RUNBOOK_URL", "").rstrip("/"),
        connections=os.environ.get("EVERGREEN_CONNECTIONS") or AIRFLOW_CONNECTIONS,
        scoring_memory_bytes=_gibibytes(os.environ.get("EVERGREEN_SCORING_MEMORY_GB", "")),
    )


def server_name(address: str) -> str:
    """Return an address without user, password and query."""
    parts = urlsplit(address)
    if not parts.netloc:
        return parts._replace(query="", fragment="").geturl()
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _mlflow_pages(named: str, tracking_uri: str) -> str:
    """Return the address of MLflow's pages, without user and password: named, or the server's.

    Raises:
        SettingsError: What was named is not an address of pages.
    """
    parts = urlsplit(named or tracking_uri)
    if parts.scheme in ("http", "https") and parts.hostname:
        return server_name(named or tracking_uri)
    if named:
        raise SettingsError(
            "EVERGREEN_MLFLOW_URL is not an address of pages; expected for example"
            " https://mlflow.your-company.example"
        )
    return ""


def _gibibytes(text: str) -> int | None:
    """Read a size; empty for none.

    Raises:
        SettingsError: It is not a number, or too small for any scoring process.
    """
    if not text:
        return None
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not MIN_SCORING_GB <= size < math.inf:
        raise SettingsError(
            f"EVERGREEN_SCORING_MEMORY_GB is {text!r}; expected a number of GiB, at least"
            f" {MIN_SCORING_GB}, or nothing for a limit that follows from the files"
        )
    return int(size * 2**30)
