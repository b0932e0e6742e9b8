"""Batches have numbers and the records name their ids; what was counted from 1970 says so.

Only what the records are called changes, and no number: a spec tells how long a period is, so a
memory is counted again where the next decision reads it. Sentences stay as they were said.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NAME = sa.String(250)
CHUNK = 500
EPOCH = "1970-01-01T00:00:00Z"
DECISIONS = sa.table(
    "decisions",
    sa.column("id", NAME),
    sa.column("model", NAME),
    sa.column("batch", NAME),
    sa.column("signals", sa.JSON()),
    sa.column("state_after", sa.JSON()),
)
Json = dict[str, Any]
Batches = Mapping[int | None, str]


def upgrade() -> None:
    connection = op.get_bind()
    known: dict[str, dict[int | None, str]] = defaultdict(dict)
    for rows in _chunks(connection):
        for row in rows:
            number = (row["signals"] or {}).get("position")
            if number is not None:
                known[row["model"]][number] = row["batch"]
    # A JSON null would be no SQL null: rows without a memory keep theirs.
    signals = DECISIONS.update().where(DECISIONS.c.id == sa.bindparam("its_id"))
    signals = signals.values(signals=sa.bindparam("its_signals"))
    memory = DECISIONS.update().where(DECISIONS.c.id == sa.bindparam("its_id"))
    memory = memory.values(state_after=sa.bindparam("its_state"))
    for rows in _chunks(connection):
        for row in rows:
            batches = known[row["model"]]
            if row["signals"] is not None:
                new = {"its_id": row["id"], "its_signals": _signals(row["signals"], batches)}
                connection.execute(signals, new)
            if row["state_after"] is not None:
                new = {"its_id": row["id"], "its_state": _state(row["state_after"], batches)}
                connection.execute(memory, new)


def _chunks(connection: sa.Connection) -> Iterator[list[Json]]:
    """Return all decisions, a few at a time: their JSON may be larger than memory."""
    last = ""
    query = sa.select(*DECISIONS.c)
    while True:
        part = query.where(DECISIONS.c.id > last).order_by(DECISIONS.c.id).limit(CHUNK)
        rows = [dict(row) for row in connection.execute(part).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _numbered(record: Json) -> Json:
    """Return a record whose number is called so."""
    changed = {name: value for name, value in record.items() if name != "position"}
    if "position" in record:
        changed["number"] = record["position"]
    return changed


def _signals(signals: Json, batches: Batches) -> Json:
    labelled = [
        _numbered(one) | {"batch": batches.get(one.get("position"), "")}
        for one in signals.get("labelled") or ()
    ]
    return _numbered(signals) | {"labelled": labelled}


def _state(state: Json, batches: Batches) -> Json:
    changed = _numbered(state) | {
        "counted_from": EPOCH,
        "samples": [_numbered(sample) for sample in state.get("samples") or ()],
        "last_fit_batch": batches.get(state.get("last_fit")),
    }
    episode = state.get("episode")
    if episode is not None:
        changed["episode"] = episode | {"batch": batches.get(episode.get("since"), "")}
    return changed
