"""Learning from blocks of the reference how much quiet batches differ from each other.

Each historic batch inside the reference window is compared with the rest of it. The part of that
distance that sampling does not explain is variance between batches, which a new batch has too.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from evergreen.drift.limits.null_distributions import (
    KS_MEAN_SQUARE,
    FloatArray,
    PsiLaw,
    effective_size,
)
from evergreen.drift.profile.between_batch_variance import MIN_BLOCKS, BlockSpread, ColumnSpread
from evergreen.drift.profile.count_batches import count_batches
from evergreen.drift.profile.counts import Statistics
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.drift.psi import psi
from evergreen.drift.student_t import student_quantile

MIN_BLOCK_ROWS = 30
MAX_BLOCK_SHARE = 0.5
# A block further away than this, by Student's t, counts as this far: it was an event, not quiet.
FARTHEST_ALPHA = 0.00002
US_PER_DAY = 86_400_000_000


def calibrate(
    profile: ReferenceProfile, blocks: Sequence[Iterable[pa.RecordBatch]]
) -> ReferenceProfile:
    """Add to a profile how much the blocks of its reference differ from each other.

    Args:
        profile: The reference, as ``build_profile`` gave it.
        blocks: The rows of the same reference, cut into the batches they came in (or into spans as
            long as a batch); those below 30 rows, or with over half of the reference, are left out.

    Returns:
        The profile with ``blocks`` set; unchanged with fewer than 4 usable blocks, which are too
        few for a spread.
    """
    counted = []
    for rows in blocks:
        tallies, n_rows = count_batches(profile.columns, rows)
        if MIN_BLOCK_ROWS <= n_rows <= MAX_BLOCK_SHARE * profile.n_rows:
            counted.append([tally.statistics() for tally in tallies])
    if len(counted) < MIN_BLOCKS:
        return profile
    spreads, worst = {}, np.ones(len(counted))
    for column, *found in zip(profile.columns, *counted, strict=True):
        computed = [place for place, one in enumerate(found) if one is not None]
        if len(computed) < MIN_BLOCKS:
            continue
        squares = _squares([one for one in found if one is not None])
        variances = {name: _between(one) for name, one in squares.items()}
        spreads[column.name] = ColumnSpread.model_validate(variances)
        farthest_of_each = np.max([_distances(one) for one in squares.values()], axis=0)
        worst[computed] = np.maximum(worst[computed], farthest_of_each)
    farthest = student_quantile(FARTHEST_ALPHA, len(counted) - 1)
    spread = BlockSpread(columns=spreads, worst=tuple(np.minimum(worst, farthest).tolist()))
    return profile.model_copy(update={"blocks": spread})


def cut_blocks(table: pa.Table, times: str, *, every_days: float) -> list[list[pa.RecordBatch]]:
    """Cut rows into spans of ``every_days``, oldest first, that end with the newest row.

    The oldest rows that fill less than half a span are left out, and so are rows without a time.

    Args:
        table: The rows of the reference window, in any order.
        times: Name of the timestamp column.
        every_days: Length of a span: that of a batch.
    """
    moments = table.column(times).cast(pa.timestamp("us", table.column(times).type.tz))
    micros = moments.cast(pa.int64()).to_numpy().astype(np.float64)
    if not np.isfinite(micros).any():
        return []
    age = (np.nanmax(micros) - micros) / (US_PER_DAY * every_days)
    n_spans = max(1, round(float(np.nanmax(age))))
    return [
        table.filter(pa.array((age >= newest) & (age < newest + 1))).to_batches()
        for newest in range(n_spans - 1, -1, -1)
    ]


class _Squares(NamedTuple):
    """Squared distance of each block from the rest, and the part of sampling, shape (b,)."""

    found: FloatArray
    sampling: FloatArray


def _squares(found: Sequence[Statistics]) -> dict[str, _Squares]:
    """Compare each block with the rest of the reference, in each statistic."""
    squares = {
        "psi": _psi_squares(found),
        "null": _stack([_null_square(one) for one in found]),
    }
    if all(one.ks is not None for one in found):
        squares["ks"] = _stack([_ks_square(one) for one in found])
    return squares


def _psi_squares(found: Sequence[Statistics]) -> _Squares:
    sides = [np.array((one.psi_counts, one.reference_psi_counts)) for one in found]
    rests = [np.maximum(reference - block, 0) for block, reference in sides]
    values = [
        psi(rest, block) if rest.any() else 0.0
        for rest, (block, _) in zip(rests, sides, strict=True)
    ]
    sizes = np.array([_size(one.n_rows, one.n_reference_rows) for one in found])
    middle = float(np.median(sizes))
    return _Squares(np.array(values), PsiLaw(sides[0][1], middle).mean * middle / sizes)


def _ks_square(found: Statistics) -> tuple[float, float]:
    rest_share = 1 - found.n_values / found.n_reference_values
    distance = min((found.ks or 0.0) / rest_share, 1.0) if rest_share > 0 else 0.0
    return distance**2, KS_MEAN_SQUARE / _size(found.n_values, found.n_reference_values)


def _null_square(found: Statistics) -> tuple[float, float]:
    rest_share = 1 - found.n_rows / found.n_reference_rows
    rise = (found.null_share - found.reference_null_share) / rest_share
    share = (found.reference_null_share * found.n_reference_rows + 0.5) / (
        found.n_reference_rows + 1
    )
    return rise**2, share * (1 - share) / _size(found.n_rows, found.n_reference_rows)


def _size(n_block: int, n_reference: int) -> float:
    return effective_size(n_block, max(n_reference - n_block, 1))


def _stack(pairs: Sequence[tuple[float, float]]) -> _Squares:
    both = np.array(pairs)
    return _Squares(both[:, 0], both[:, 1])


def _between(squares: _Squares) -> float:
    """Estimate the variance between batches, 0 where sampling explains all."""
    return max(0.0, float(_own_excess(squares).sum())) / (squares.found.size - 1)


def _distances(squares: _Squares) -> FloatArray:
    """Return each block's distance in units of the one expected from the other blocks, shape (b,).

    These are externally studentised residuals: a block is removed together with its effect on the
    mean of the rest.

    Source: Cook & Weisberg (1982), Residuals and Influence in Regression, section 2.2.1.
    """
    n_blocks = squares.found.size
    own = _own_excess(squares)
    others = np.maximum(own.sum() - own * n_blocks / (n_blocks - 1), 0.0) / (n_blocks - 2)
    expected = squares.sampling + others * n_blocks / (n_blocks - 1)
    return np.asarray(np.sqrt(squares.found / np.maximum(expected, np.finfo(float).tiny)))


def _own_excess(squares: _Squares) -> FloatArray:
    """Return each block's squared distance from the mean of all, over sampling, shape (b,).

    The rest of the reference lies on the other side of that mean.
    """
    n_blocks = squares.found.size
    return (squares.found - squares.sampling) * ((n_blocks - 1) / n_blocks) ** 2
