"""One run, one spec: the spec is kept when a run begins, and read back by its hash afterwards."""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from evergreen.errors import DataError, MissingFileError
from evergreen.spec.snapshot import SpecSnapshot

if TYPE_CHECKING:
    from evergreen.ledger.ledger import Ledger
    from evergreen.spec.loader import LoadedSpec
    from evergreen.storage.store import Store

SHOWN = 12
REMEDY = "clear the first task of the run with its downstream: it takes the spec of now"


def freeze_spec(ledger: "Ledger", store: "Store", loaded: "LoadedSpec") -> str:
    """Keep a spec in store and ledger, once; return its hash.

    Args:
        ledger: Where the place and the hash of the file are recorded.
        store: Where the file lies.
        loaded: The spec as it was just read.
    """
    snapshot = SpecSnapshot.of(loaded)
    content = _to_bytes(snapshot)
    path = f"specs/{snapshot.model}/{snapshot.spec_hash}.json"
    known = ledger.specs.find(snapshot.model, snapshot.spec_hash)
    if known is None or not store.exists(known.path):
        store.write_bytes(path if known is None else known.path, content)
    if known is None:
        digest = sha256(content).hexdigest()
        ledger.specs.record(snapshot.model, snapshot.spec_hash, path=path, sha256=digest)
    return snapshot.spec_hash


def read_frozen_spec(
    ledger: "Ledger", store: "Store", model: str, spec_hash: str, *, folder: Path, home: Path
) -> "LoadedSpec":
    """Return the spec that a run began with.

    Args:
        ledger: Knows where it lies and what it has to be.
        store: Where it lies.
        model: The model.
        spec_hash: Its hash, as ``freeze_spec`` gave it.
        folder: An empty folder of this machine for ``features.py``.
        home: What ``{home}`` stands for in the locations.

    Raises:
        DataError: It is not there, or it is not what was kept.
        SpecError: This version of Evergreen does not understand it any more.
    """
    known = ledger.specs.find(model, spec_hash)
    if known is None:
        raise DataError(
            f"the ledger knows no spec {spec_hash[:SHOWN]} of {model}, which this run began with;"
            f" {REMEDY}"
        )
    try:
        content = store.read_bytes(known.path)
    except MissingFileError as err:
        raise DataError(
            f"the spec that this run began with is gone from {store.uri_of(known.path)}; {REMEDY}"
        ) from err
    found = sha256(content).hexdigest()
    if found != known.sha256:
        raise DataError(
            f"the spec at {store.uri_of(known.path)} has sha256 {found[:SHOWN]}, expected"
            f" {known.sha256[:SHOWN]}: it was changed after it was kept; find out who writes to the"
            f" store, delete the file, then {REMEDY}"
        )
    try:
        snapshot = SpecSnapshot.from_json(json.loads(content))
    except (ValueError, ValidationError) as err:
        raise DataError(
            f"the spec at {store.uri_of(known.path)} cannot be read ({err}); {REMEDY}"
        ) from err
    return snapshot.restore(folder, home=home)


def _to_bytes(snapshot: SpecSnapshot) -> bytes:
    return json.dumps(snapshot.to_json(), indent=2, sort_keys=True, allow_nan=False).encode()
