"""Files behind the login: scripts and styles, Evidently's reports and the Data Docs.

An address names a decision or a batch. The ledger holds the path of its file; no part of an
address becomes part of a path.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response, StreamingResponse

from evergreen.errors import MissingFileError
from evergreen.presentation import chart_files
from evergreen.settings import read_settings
from evergreen.web.queries.lookups import decision_for
from evergreen.web.server.authorization import BatchId, DecisionId, ModelName, UserDep, check_read
from evergreen.web.server.security_headers import REPORTS
from evergreen.web.server.services import open_ledger, open_services

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
A_YEAR, A_MOMENT = 365 * 86_400, 300  # in seconds; pages name the content's hash as ``v``
MAX_REPORT_BYTES = 100 * 2**20
GONE = "there is no such report: it was deleted after its retention, or none was made"

# A pool of its own: many readers of reports cannot use up the threads of Airflow's own pages.
READERS = ThreadPoolExecutor(4, thread_name_prefix="evergreen-reports")

router = APIRouter(include_in_schema=False)


class Asset(NamedTuple):
    """One file of the pages."""

    content: bytes
    media_type: str
    etag: str


@router.get("/static/{name:path}")
def show_static(name: str, request: Request) -> Response:
    """Return a file of the package, such as a style sheet; no other file can be named."""
    asset = assets().get(name)
    if asset is None:
        raise HTTPException(404, "there is no such page")
    seconds = A_YEAR if "v" in request.query_params else A_MOMENT
    headers = {"Cache-Control": f"private, max-age={seconds}", "ETag": asset.etag}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@router.get("/reports/{decision_id}")
async def show_report(decision_id: DecisionId, user: UserDep) -> Response:
    """Show Evidently's drift report that belongs to a decision."""

    def path() -> str | None:
        from evergreen.workflows.decide.decide import report_path

        decision = decision_for(open_services(), decision_id, user)
        is_open = decision.closed_at is None  # its report may be drawn, and is entered at the end
        return report_path(decision.model, decision.batch) if is_open else decision.report_path

    return await _sandboxed(path)


@router.get("/data-docs/{decision_id}")
async def show_docs_of_decision(decision_id: DecisionId, user: UserDep) -> Response:
    """Show the Data Docs of the batch that a decision is about."""

    def path() -> str | None:
        decision = decision_for(open_services(), decision_id, user)
        return _docs_of(decision.model, decision.batch)

    return await _sandboxed(path)


@router.get("/data-docs/{model}/{batch}")
async def show_docs_of_batch(model: ModelName, batch: BatchId, user: UserDep) -> Response:
    """Show the Data Docs of a batch, also of a rejected one, which has no decision."""

    def path() -> str | None:
        check_read(model, user)
        return _docs_of(model, batch)

    return await _sandboxed(path)


@cache
def assets() -> dict[str, Asset]:
    """Return the files of the pages by their names in addresses."""
    folders = (files("evergreen.web") / "static", chart_files.FOLDER)
    return {name: asset for folder in folders for name, asset in _assets_in(folder)}


def _assets_in(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _assets_in(entry, f"{name}/")
        elif media_type := TYPES.get(PurePosixPath(name).suffix):
            content = entry.read_bytes()
            yield name, Asset(content, media_type, f'"{sha256(content).hexdigest()[:16]}"')


def _docs_of(model: str, batch: str) -> str | None:
    from evergreen.workflows.ingest.quality_gate import docs_folder

    delivery = open_ledger().batches.delivery(model, "data", batch)
    if delivery is None:
        return None
    return f"{docs_folder(delivery.model, delivery.batch)}/index.html"


async def _sandboxed(find: Callable[[], str | None]) -> Response:
    """Send a page made from other people's data, piece by piece, in a sandbox.

    Args:
        find: Returns its path in the store, None if there is none. Called off the event loop.

    Raises:
        HTTPException: 404 if there is none, 413 if it is larger than ``MAX_REPORT_BYTES``.
    """
    loop = asyncio.get_running_loop()
    pieces = await loop.run_in_executor(READERS, _open, find)
    first = await loop.run_in_executor(READERS, next, pieces, b"")

    async def body() -> AsyncIterator[bytes]:
        piece = first
        while piece:
            yield piece
            piece = await loop.run_in_executor(READERS, next, pieces, b"")

    headers = {"Content-Security-Policy": REPORTS}
    return StreamingResponse(body(), media_type="text/html; charset=utf-8", headers=headers)


def _open(find: Callable[[], str | None]) -> Iterator[bytes]:
    from evergreen.workflows.model_context import open_store

    path = find()
    if not path:
        raise HTTPException(404, GONE)
    settings = read_settings()
    store = open_store(settings.store_uri, settings.store_connection_id)
    try:
        size = store.size(path)
    except MissingFileError as err:
        raise HTTPException(404, GONE) from err
    if size > MAX_REPORT_BYTES:
        raise HTTPException(
            413,
            f"expected a report of at most {MAX_REPORT_BYTES} bytes, got {size}; open it at"
            f" {store.uri_of(path)}",
        )
    return store.read_pieces(path)
