"""The streams of the policy benchmark: how each is cut, and what is known of its changes."""

import json
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, ValidationError

from evergreen.records import Record


class KnownStream(Record):
    """How a stream is cut, and the rows at which something is known to happen.

    Attributes:
        window: Rows of the first champion, and of each challenger's window.
        batch: Rows of a batch.
        metric: What is scored.
        label_delay: In batches.
        kind: Real streams are pooled; synthetic ones have known answers.
        time: Name of the time column.
        target: Name of the target column.
        changes: Rows at which the target's relation to the features changes.
        bursts: First and last row (not included) of each burst of bad data.
        has_known_changes: There is no other change than those of ``changes``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: int
    batch: int
    metric: Literal["auc", "accuracy"]
    label_delay: int = 0
    kind: Literal["real", "synthetic"] = "real"
    time: str = "ts"
    target: str = "target"
    changes: tuple[int, ...] = ()
    bursts: tuple[tuple[int, int], ...] = ()
    has_known_changes: bool = False

    def batch_of(self, row: int) -> int:
        """Return the batch that holds a row."""
        return (row - self.window) // self.batch

    def batches_of(self, burst: tuple[int, int]) -> range:
        """Return the batches that a burst touches."""
        return range(self.batch_of(burst[0]), self.batch_of(burst[1] - 1) + 1)


def _synthetic(
    *, changes: tuple[int, ...] = (), bursts: tuple[tuple[int, int], ...] = ()
) -> KnownStream:
    return KnownStream(
        window=2_500,
        batch=500,
        metric="accuracy",
        kind="synthetic",
        changes=changes,
        bursts=bursts,
        has_known_changes=True,
    )


KNOWN: dict[str, KnownStream] = {
    "nyc_flights": KnownStream(window=50_400, batch=6_300, metric="auc"),
    "elec2": KnownStream(window=3_360, batch=672, metric="accuracy", changes=(17_424,)),
    "ne_weather": KnownStream(window=1_825, batch=180, metric="accuracy"),
    "insects_gradual": KnownStream(window=2_000, batch=400, metric="accuracy", changes=(14_028,)),
    "syn_a_stationary": _synthetic(),
    "syn_b_covariate": _synthetic(),
    "syn_c_abrupt": _synthetic(changes=(20_000,)),
    "syn_f_baddata": _synthetic(
        bursts=((12_000, 13_500), (20_000, 21_000), (27_000, 28_000), (33_000, 34_500))
    ),
}


def find_streams(folder: Path) -> tuple[list[tuple[Path, KnownStream]], list[str]]:
    """Return the streams of a folder that can be replayed, and a note on each that cannot.

    A table that is not known needs a JSON file of the same name beside it, with the fields of
    ``KnownStream``; at least ``window``, ``batch`` and ``metric``.
    """
    found, notes = [], []
    if not folder.is_dir():
        return [], [f"there is no folder {folder}; name one: make bench-policy STREAMS=folder"]
    for path in sorted(folder.glob("*.parquet")):
        sidecar = path.with_suffix(".json")
        if sidecar.is_file():
            try:
                known = KnownStream.model_validate(json.loads(sidecar.read_bytes()))
            except (ValidationError, ValueError) as err:
                notes.append(f"{path.name} is skipped: {sidecar.name} does not say how: {err}")
                continue
        elif path.stem in KNOWN:
            known = KNOWN[path.stem]
        else:
            notes.append(
                f"{path.name} is skipped: it is not known, and there is no {sidecar.name} with"
                " window, batch and metric"
            )
            continue
        found.append((path, known))
    if not found and not notes:
        notes.append(f"{folder} has no .parquet file")
    absent = [name for name in KNOWN if not (folder / f"{name}.parquet").exists()]
    if absent:
        notes.append(f"not in {folder}, so skipped: {', '.join(absent)}")
    return found, notes
