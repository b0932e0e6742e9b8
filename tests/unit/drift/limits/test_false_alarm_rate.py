"""False verdicts on quiet data stay within the yearly budget, and real drift is still found.

The budget is for the mean over references: a reference's own luck stays with it for all windows
that are held against it. So every share below is over several references. The windows are drawn by
their counts, which is exact: see ``builders.quiet_windows``.

The budget is a bound, not an expectation: it is shared out over 144 statistics that depend on each
other, as if they did not, so that the true rates are below. Each count is held against the one that
a rate at the budget exceeds as seldom as ``builders.chance`` says.
"""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from builders.chance import ERROR, least, most, room
from builders.quiet_windows import (
    CORRELATED,
    INDEPENDENT,
    Cells,
    Classes,
    Counts,
    cells_of,
    draw_rows,
    features,
)
from evergreen.drift.limits.calibrate import calibrate
from evergreen.drift.limits.false_alarm_rate import expected_false_share
from evergreen.drift.limits.limits import DriftLimits, Sample
from evergreen.drift.measure import measure_drift
from evergreen.drift.profile.build import build_profile
from evergreen.drift.profile.profile import ReferenceProfile
from evergreen.drift.psi import SHARE_FLOOR
from evergreen.spec.deciding import Drift
from evergreen.spec.model import Feature

WEEKLY, DAILY = 52.0, 365.0
RULES = Drift()
N_WINDOWS = 1000
REFERENCES = {5_000: 10, 50_000: 4}


@cache
def references(n_rows: int, classes: Classes) -> list[ReferenceProfile]:
    return [
        build_profile(draw_rows(np.random.default_rng(seed), n_rows, classes), features())
        for seed in range(REFERENCES[n_rows])
    ]


def judge(cells: Cells, windows: Counts, limits: DriftLimits) -> NDArray[np.bool_]:
    """The windows (w, k) in which the column is over a limit, as ``measure_drift`` judges."""
    n_rows = windows[0].sum()
    psi, ks, rise = distances(cells, windows)
    n_values = windows[:, :-1].sum(axis=1)
    # The limit of D falls with the rows that hold a value: the lowest of all is the strictest.
    sample = Sample(
        cells.binned(cells.reference), n_rows, n_values.max(), cells.reference[:-1].sum()
    )
    found = limits.of(cells.name, sample)
    return (psi > found.psi.value) | (ks > found.ks.value) | (rise > found.null.value)


def distances(cells: Cells, windows: Counts) -> tuple[NDArray[np.float64], ...]:
    """Return PSI, D and the rise of the null share of each window, shape (w,) each."""
    before, after = cells.binned(cells.reference), cells.binned(windows)
    expected = np.maximum(before / before.sum(), SHARE_FLOOR)
    shares = np.maximum(after / after.sum(axis=1, keepdims=True), SHARE_FLOOR)
    psi = ((shares - expected) * np.log(shares / expected)).sum(axis=1)
    reached = np.cumsum(windows[:, :-1], axis=1) / windows[:, :-1].sum(axis=1, keepdims=True)
    known = np.cumsum(cells.reference[:-1]) / cells.reference[:-1].sum()
    ks = np.abs(reached - known).max(axis=1) if cells.is_ordered else np.zeros(len(windows))
    rise = windows[:, -1] / windows.sum(axis=1) - cells.reference[-1] / cells.reference.sum()
    return psi, ks, rise


def false_windows(
    profile: ReferenceProfile, classes: Classes, n_rows: int, n_windows: int, seed: int
) -> tuple[int, int]:
    """Count the windows with a false verdict by the limits of a weekly and of a daily model."""
    random = np.random.default_rng(1000 + seed)
    by_class = random.multinomial(n_rows, classes.shares, size=n_windows)
    limits = [DriftLimits(profile, RULES, batches_per_year=per) for per in (WEEKLY, DAILY)]
    wrong = np.zeros((2, n_windows), dtype=np.bool_)
    for cells in cells_of(profile, classes):
        windows = cells.draw(random, by_class)
        for place, its_limits in enumerate(limits):
            wrong[place] |= judge(cells, windows, its_limits)
    weekly, daily = wrong.sum(axis=1)
    return int(weekly), int(daily)


@pytest.mark.parametrize("n_rows", [100, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("n_reference", REFERENCES)
@pytest.mark.parametrize("classes", [INDEPENDENT, CORRELATED], ids=["independent", "correlated"])
def test_false_verdicts_stay_within_the_yearly_budget(
    classes: Classes, n_reference: int, n_rows: int
) -> None:
    profiles = references(n_reference, classes)
    each = N_WINDOWS // len(profiles)

    counts = [
        false_windows(profile, classes, n_rows, each, seed) for seed, profile in enumerate(profiles)
    ]

    weekly, daily = np.sum(counts, axis=0)
    n_windows = each * len(profiles)
    assert weekly <= most(n_windows, RULES.false_verdicts_per_year / WEEKLY)
    assert daily <= most(n_windows, RULES.false_verdicts_per_year / DAILY)


def test_drawn_counts_are_those_of_rows() -> None:
    profile = references(5_000, CORRELATED)[0]
    random = np.random.default_rng(7)
    by_class = random.multinomial(400, CORRELATED.shares, size=1000)
    drawn = [distances(c, c.draw(random, by_class)) for c in cells_of(profile, CORRELATED)]

    tables = [draw_rows(random, 400, CORRELATED) for _ in range(40)]
    measured = [measure_drift(profile, table.to_batches(), RULES).columns for table in tables]

    chance = room(error=ERROR / len(drawn), n_draws=len(tables))
    for place, (psi, ks, _) in enumerate(drawn):
        of_rows = np.array([(columns[place].psi, columns[place].ks or 0.0) for columns in measured])
        error = of_rows.std(axis=0, ddof=1) / np.sqrt(len(tables))
        assert np.abs(of_rows.mean(axis=0) - (psi.mean(), ks.mean())) == pytest.approx(
            0, abs=chance * error.max()
        )


def test_rows_end_to_end_stay_within_the_weekly_budget() -> None:
    random = np.random.default_rng(3)
    profiles = references(5_000, INDEPENDENT)

    drifted = [
        bool(
            measure_drift(profile, draw_rows(random, 100, INDEPENDENT).to_batches(), RULES).drifted
        )
        for profile in profiles
        for _ in range(10)
    ]

    assert sum(drifted) <= most(len(drifted), RULES.false_verdicts_per_year / WEEKLY)


def test_smallest_effects_alone_would_alarm_on_nearly_every_small_batch() -> None:
    floors = Drift(psi_limit=RULES.min_psi, ks_limit=RULES.min_ks, null_share_limit=0.05)
    profile = references(5_000, INDEPENDENT)[0]

    measured = measure_drift(
        profile, draw_rows(np.random.default_rng(3), 100, INDEPENDENT).to_batches(), floors
    )

    assert len(measured.drifted) > 5


@pytest.mark.parametrize("n_rows", [1_000, 10_000])
def test_half_a_standard_deviation_in_one_of_fifty_columns_is_found_among_junk(
    n_rows: int,
) -> None:
    """At the limits of a daily model, which are never below those of a weekly one."""
    random = np.random.default_rng(n_rows)
    profile = references(5_000, INDEPENDENT)[0]
    n_trials = 40 if n_rows == 1_000 else 10

    found, wrong = 0, 0
    for trial in range(n_trials):
        shift = np.zeros(50)
        shift[trial] = 0.5
        verdicts = []
        for _ in range(2):
            table = with_junk(random, draw_rows(random, n_rows, INDEPENDENT, shift=shift))
            measured = measure_drift(profile, table.to_batches(), RULES, batches_per_year=DAILY)
            verdicts += [column.column for column in measured.drifted]
        found += f"x{trial}" in verdicts
        wrong += bool(set(verdicts) - {f"x{trial}"})

    assert found >= least(n_trials, 0.95)
    assert wrong <= most(2 * n_trials, RULES.false_verdicts_per_year / DAILY)


def with_junk(random: np.random.Generator, table: pa.Table) -> pa.Table:
    """Replace 1 % of the values of every number by 1e9, -1e9, inf or null."""
    junk = np.array([1e9, -1e9, np.inf, np.nan])
    columns = {}
    for feature in features():
        array = table[feature.name]
        if feature.kind == "numeric":
            values = array.to_numpy().copy()
            hit = random.random(values.size) < 0.01
            values[hit] = random.choice(junk, int(hit.sum()))
            array = pa.array(values)
        columns[feature.name] = array
    return pa.table(columns)


def test_a_harmless_shift_of_100_000_rows_is_no_drift() -> None:
    profile = references(50_000, INDEPENDENT)[0]
    random = np.random.default_rng(5)
    limits = DriftLimits(profile, RULES)
    all_rows = np.full((N_WINDOWS, 1), 100_000)

    counts = [
        judge(cells, cells.draw(random, all_rows), limits).sum()
        for cells in cells_of(profile, INDEPENDENT, shift=0.02)
    ]

    assert sum(counts) == 0


@pytest.mark.parametrize("n_rows", [100, 300, 1_000])
def test_the_expected_false_verdicts_bound_those_that_happen(n_rows: int) -> None:
    profile = references(5_000, INDEPENDENT)[0]
    rules = Drift(psi_limit=0.4, ks_limit=0.16)
    limits = DriftLimits(profile, rules)
    by_class = np.full((N_WINDOWS, 1), n_rows)
    random = np.random.default_rng(11)

    expected = expected_false_share(profile, limits, n_rows)
    wrong = np.any(
        [judge(c, c.draw(random, by_class), limits) for c in cells_of(profile, INDEPENDENT)], axis=0
    )

    assert wrong.sum() <= most(N_WINDOWS, expected)
    assert expected <= 1
    assert expected_false_share(profile, DriftLimits(profile, RULES), n_rows) <= 4 / WEEKLY


def draw_batch(random: np.random.Generator, *, memory: float, shared: float) -> pa.Table:
    """Draw 300 rows of 8 columns: each row remembers the last, each batch has means of its own."""
    noise = random.normal(size=(300, 8))
    rows = np.empty_like(noise)
    rows[0] = random.normal(size=8)
    for i in range(1, len(rows)):
        rows[i] = memory * rows[i - 1] + np.sqrt(1 - memory**2) * noise[i]
    rows += shared * random.normal(size=8)
    return pa.table({f"x{i}": column for i, column in enumerate(rows.T)})


@pytest.mark.parametrize(
    ("memory", "shared", "n_blocks"),
    [
        pytest.param(0.95, 0.0, 8, id="autocorrelated rows"),
        pytest.param(0.0, 0.4, 8, id="batches with means of their own"),
        pytest.param(0.0, 0.4, 20, id="the same, learnt from 20 blocks"),
    ],
)
def test_blocks_of_the_reference_hold_the_budget_where_batches_are_no_random_draws(
    memory: float, shared: float, n_blocks: int
) -> None:
    """120 references, one window each, so that the windows are independent of each other.

    Learnt from few blocks, the promise is the budget on average. Without the blocks nearly all are
    false.
    """
    random = np.random.default_rng(n_blocks)
    columns = [Feature(name=f"x{i}", kind="numeric") for i in range(8)]

    by_blocks, by_sampling = 0, 0
    for _ in range(120):
        blocks = [draw_batch(random, memory=memory, shared=shared) for _ in range(n_blocks)]
        profile = build_profile(pa.concat_tables(blocks), columns)
        calibrated = calibrate(profile, [block.to_batches() for block in blocks])
        window = draw_batch(random, memory=memory, shared=shared).to_batches()
        by_blocks += bool(measure_drift(calibrated, window, RULES).drifted)
        by_sampling += bool(measure_drift(profile, window, RULES).drifted)

    assert by_blocks <= most(120, RULES.false_verdicts_per_year / WEEKLY)
    assert by_sampling >= least(120, 0.9)


def test_expected_false_verdicts_follow_the_blocks_and_the_limits_of_the_spec() -> None:
    random = np.random.default_rng(0)
    columns = [Feature(name=f"x{i}", kind="numeric") for i in range(8)]
    blocks = [draw_batch(random, memory=0.0, shared=0.2) for _ in range(8)]
    profile = build_profile(pa.concat_tables(blocks), columns)
    calibrated = calibrate(profile, [block.to_batches() for block in blocks])

    def expect(rules: Drift) -> float:
        return expected_false_share(calibrated, DriftLimits(calibrated, rules), 300)

    assert 0.5 * 4 / WEEKLY < expect(RULES) <= 4 / WEEKLY + 1e-9
    assert expect(Drift(false_verdicts_per_year=1)) <= 1 / WEEKLY + 1e-9
    assert expect(Drift(psi_limit=0.05, ks_limit=0.05)) > 0.95
    assert expect(Drift(psi_limit=10, ks_limit=1, null_share_limit=1)) < 0.02
