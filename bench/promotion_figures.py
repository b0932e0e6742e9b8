"""What the promotion benchmark found, as figures, and held against what is asked."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.promotion_kept import (
    HOLDOUTS,
    NO_HOLDOUT,
    NO_RULE,
    OfStream,
    pooled,
    to_json,
    with_holdout,
)
from bench.promotion_lives import Shares
from bench.promotion_scores import CHAMPION_AUC, CORRELATION, POSITIVE_SHARE, TRUTHS, Truth

Json = dict[str, Any]
NAIVE = "naive >"


class Cell(NamedTuple):
    """A rule on holdouts of one size, against challengers of one truth."""

    rule: str
    n_rows: int
    truth: Truth
    shares: Shares


class After(NamedTuple):
    """One retrain after a year: what all of that year were, what this one is, how often it wins."""

    rule: str
    n_rows: int
    year: Truth
    truth: Truth
    share: float


class Found(NamedTuple):
    """All figures of one run."""

    cells: list[Cell]
    after: list[After]
    streams: list[OfStream]

    def shares(self, rule: str, n_rows: int, truth: Truth) -> Shares:
        """Return the shares of one cell."""
        return next(
            c.shares for c in self.cells if (c.rule, c.n_rows, c.truth) == (rule, n_rows, truth)
        )


def targets(found: Found, sizes: Sequence[int]) -> list[Json]:
    """Hold the rule against what is asked of it."""
    wanted = [
        _at_most(
            "balanced, 5,000 rows: equal challengers promoted per retrain",
            found.shares("balanced", 5_000, "equal").per_retrain,
            0.20,
        ),
        _at_most(
            "balanced, 5,000 rows: worse challengers promoted per retrain",
            found.shares("balanced", 5_000, "worse").per_retrain,
            0.01,
        ),
        *(
            _at_most(
                f"strict, {n:,} rows: lives of 52 that promote a worse one",
                found.shares("strict", n, "worse").ever,
                0.05,
            )
            for n in sizes
        ),
        _target(
            "strict, 20,000 rows: power for +.01 AUC",
            found.shares("strict", 20_000, "better").per_retrain,
            "at least",
            0.80,
        ),
    ]
    for holdout in HOLDOUTS:
        wanted += _kept_targets(with_holdout(found.streams, holdout), holdout)
    return wanted


def report_json(
    found: Found, *, sizes: Sequence[int], settings: Json, notes: Sequence[str]
) -> Json:
    """Return every figure, for programs."""
    model = {
        "champion_auc": CHAMPION_AUC,
        "gains": TRUTHS,
        "correlation": CORRELATION,
        "positive_share": POSITIVE_SHARE,
    }
    return {
        **settings,
        "notes": list(notes),
        "model": model,
        "promoted": [
            {"rule": c.rule, "n_rows": c.n_rows, "truth": c.truth, **c.shares._asdict()}
            for c in found.cells
        ],
        "after_a_year": [one._asdict() for one in found.after],
        "kept": to_json(found.streams),
        "targets": targets(found, sizes),
    }


def _kept_targets(streams: list[OfStream], holdout: float) -> list[Json]:
    """Hold what balanced costs against no rule: on the same rows, and with nothing held out."""
    balanced = pooled(streams, "balanced")
    wanted = []
    for way, told in ((NO_RULE, "no rule, same rows"), (NO_HOLDOUT, "no rule, none held out")):
        without = pooled(streams, way)
        if balanced is not None and without is not None:
            what = f"balanced, {holdout:g} x a batch held out: kept lost against {told}"
            wanted.append(_at_most(what, without - balanced, 0.06))
    return wanted


def _at_most(what: str, value: float, limit: float) -> Json:
    return _target(what, value, "at most", limit)


def _target(what: str, value: float, bound: str, limit: float) -> Json:
    is_met = value >= limit if bound == "at least" else value <= limit
    return {"what": what, "value": value, "bound": bound, "limit": limit, "is_met": is_met}
