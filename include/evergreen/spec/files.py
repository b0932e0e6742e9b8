"""The files of a model's folder: read within limits, never executed, never from outside it."""

import ast
from pathlib import Path
from typing import Any

from evergreen.errors import SpecError
from evergreen.spec.expectations import parse_expectations
from evergreen.spec.yaml_strict import decode_text

SPEC_FILE = "model.yaml"
EXPECTATIONS_FILE = "expectations.json"
FEATURES_FILE = "features.py"
MAX_FILE_BYTES = 1024 * 1024


def model_folders(models_dir: Path, *, only: str | None = None) -> list[Path]:
    """Return the folders that hold a file of a model, sorted by name; hidden ones are skipped.

    Raises:
        SpecError: ``models_dir`` cannot be listed.
    """
    try:
        entries = sorted(models_dir.iterdir())
    except OSError as err:
        raise SpecError(
            f"the folder of the model specs, {models_dir}, cannot be read ({err.strerror}); it"
            " holds one folder per model, and EVERGREEN_MODELS_DIR names it"
        ) from err
    return [
        entry
        for entry in entries
        if not entry.name.startswith((".", "_"))
        and only in (None, entry.name)
        and _holds_a_model(entry)
    ]


def read_spec(folder: Path) -> bytes:
    """Return the bytes of ``model.yaml``.

    Raises:
        SpecError: It is missing, leads out of the folder, or cannot be read.
    """
    if (folder / "model.yml").exists() and not (folder / SPEC_FILE).exists():
        raise SpecError(f"{folder / SPEC_FILE}: is missing; rename model.yml to model.yaml")
    return _read(folder / SPEC_FILE, folder)


def read_expectations(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of ``expectations.json``, none where there is no such file.

    Raises:
        SpecError: It cannot be used; the text says where and why.
    """
    file = folder / EXPECTATIONS_FILE
    if not _is_there(file):
        return []
    try:
        return parse_expectations(decode_text(_read(file, folder)))
    except ValueError as err:
        raise SpecError(f"{file}: {err}") from err


def read_features(folder: Path) -> str | None:
    """Return the text of ``features.py``, None where there is no such file.

    Raises:
        SpecError: It is not Python.
    """
    file = folder / FEATURES_FILE
    if not _is_there(file):
        return None
    try:
        text = decode_text(_read(file, folder))
        ast.parse(text)
    except SyntaxError as err:
        raise SpecError(f"{file}: line {err.lineno}: is not Python: {err.msg}") from err
    except (ValueError, RecursionError, MemoryError) as err:
        raise SpecError(f"{file}: is not Python: {err}") from err
    return text


def _holds_a_model(folder: Path) -> bool:
    names = (SPEC_FILE, "model.yml", EXPECTATIONS_FILE, FEATURES_FILE)
    return folder.is_dir() and any(_is_there(folder / name) for name in names)


def _is_there(file: Path) -> bool:
    # A broken link counts as present, so that it is reported.
    return file.is_symlink() or file.exists()


def _read(file: Path, folder: Path) -> bytes:
    try:
        if not file.resolve(strict=True).is_relative_to(folder.resolve()):
            raise SpecError(f"{file}: is a link out of the model's folder; copy the file instead")
        if file.stat().st_size > MAX_FILE_BYTES:
            raise SpecError(f"{file}: is larger than {MAX_FILE_BYTES} bytes")
        return file.read_bytes()
    except FileNotFoundError as err:
        raise SpecError(
            f"{file}: is missing; add it, or remove the folder (a '.' before its name hides it)"
        ) from err
    except (OSError, RuntimeError) as err:  # RuntimeError: a link that leads to itself
        raise SpecError(f"{file}: cannot be read: {err}") from err
