"""The manifest of a delivery: checked by itself, then compared with the files it lists."""

import json
from typing import Any, Literal

from pydantic import ValidationError

from evergreen.errors import ManifestError
from evergreen.records import DeliveredFile, Manifest

MANIFEST = "manifest.json"
MAX_BYTES = 8 * 1024 * 1024
MAX_NAME = 200
PROBLEMS_SHOWN = 5


def parse_manifest(
    text: bytes, *, model: str, batch: str, kind: Literal["data", "labels"]
) -> Manifest:
    """Return a manifest, after checking that it describes the delivery in whose folder it lies.

    Args:
        text: Content of ``manifest.json``.
        model: Whose delivery it must be.
        batch: Name of the folder it was found in.
        kind: What the folder holds.

    Raises:
        ManifestError: It cannot be read, describes another delivery, or contradicts itself.
    """
    where = f"manifest of {kind} batch {batch} of {model}"
    try:
        manifest = Manifest.model_validate(_load(text, where))
    except ValidationError as err:
        raise ManifestError(f"{where} is wrong: {_problems(err)}") from err
    for name, wanted in (("model", model), ("batch", batch), ("kind", kind)):
        got = getattr(manifest, name)
        if got != wanted:
            raise ManifestError(
                f"{where} says {name} {got!r:.80}; it was probably copied from another delivery"
            )
    _check_files(manifest, where)
    if manifest.window.start == manifest.window.end:
        raise ManifestError(f"{where} names an empty window {manifest.window}; give start and end")
    return manifest


def check_file(listed: DeliveredFile, *, size_bytes: int, sha256: str, n_rows: int) -> None:
    """Compare one delivered file with its line in the manifest.

    Args:
        listed: What the manifest says.
        size_bytes: Size that the file has.
        sha256: Hash, in hex, that the file has.
        n_rows: Rows that the file's footer claims.

    Raises:
        ManifestError: One of them differs; the text names file, both values and the remedy.
    """
    pairs = (
        ("size in bytes", listed.size_bytes, size_bytes),
        ("sha256", listed.sha256, sha256),
        ("rows", listed.n_rows, n_rows),
    )
    for what, wanted, got in pairs:
        if got != wanted:
            raise ManifestError(
                f"{listed.path}: {what} is {got}, the manifest says {wanted}; the file is damaged"
                " or was changed after the manifest was written: deliver it again"
            )


def _load(text: bytes, where: str) -> Any:
    if len(text) > MAX_BYTES:
        raise ManifestError(f"{where} has {len(text)} bytes, more than the {MAX_BYTES} allowed")
    try:
        return json.loads(
            text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as err:
        detail = "it is nested too deeply" if isinstance(err, RecursionError) else str(err)
        raise ManifestError(f"{where} is not readable JSON ({detail}); deliver it again") from err


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(
            f"a key occurs twice: {next(n for n in names if names.count(n) > 1)!r:.80}"
        )
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _problems(err: ValidationError) -> str:
    found = err.errors(include_url=False, include_input=False)
    shown = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'it'}: {problem['msg']}"
        for problem in found[:PROBLEMS_SHOWN]
    ]
    more = len(found) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more else "")


def _check_files(manifest: Manifest, where: str) -> None:
    names = [file.path for file in manifest.files]
    for name in names:
        _check_name(name, where)
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ManifestError(f"{where} lists {twice[0]} twice; list every file once")
    total = sum(file.n_rows for file in manifest.files)
    if total != manifest.n_rows:
        raise ManifestError(
            f"{where} says {manifest.n_rows} rows, its files add up to {total};"
            " correct the manifest"
        )


def _check_name(name: str, where: str) -> None:
    """Refuse a file name that could lead out of the batch's folder."""
    segments = name.split("/")
    is_plain = name.isprintable() and "\\" not in name and ":" not in name and len(name) <= MAX_NAME
    if not is_plain or any(segment in ("", ".", "..") for segment in segments):
        raise ManifestError(
            f"{where} lists {name!r:.80}; expected a path below the batch's folder, such as"
            " part-0.parquet"
        )
    if name == MANIFEST:
        raise ManifestError(f"{where} lists itself; list the data files only")
