"""A model's life week by week, made from a seed: decay, retrains, drift that comes and goes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from evergreen.records import Window
from evergreen.web.queries.view_models import State

WEEK = timedelta(days=7)
TAKEN_AFTER = timedelta(hours=3)
DECIDED_AFTER = timedelta(minutes=20)
CLOSED_AFTER = timedelta(minutes=12)
LEVEL = 0.745
DECAY_PER_WEEK = 0.004
NOISE = 0.005
MAX_DROP = 0.02
SPELL = 19  # drift comes every so many weeks ...
SPELL_WEEKS = 4  # ... and stays for these
KEPT_SHARE = 0.25


class Week(NamedTuple):
    """One batch, what was measured of it, what was decided and what came of it.

    ``metric`` is AUC on the labels of the week before; ``drifted`` counts features.
    """

    batch: str
    window: Window
    taken_at: datetime
    verdict: str
    trigger: str
    outcome: str
    metric: float
    reference: float
    decay: str
    drifted: int
    is_harmless: bool
    champion_before: str | None
    champion_after: str | None
    challenger: str | None

    @property
    def decided_at(self) -> datetime:
        """When it was decided about."""
        return self.taken_at + DECIDED_AFTER

    @property
    def closed_at(self) -> datetime | None:
        """When that came to an end; None while it is open."""
        return None if self.outcome == "open" else self.decided_at + CLOSED_AFTER


def live(state: State, *, n_weeks: int, now: datetime, seed: int) -> list[Week]:
    """Return the weeks of a model, oldest first, so that it is in ``state`` at ``now``.

    Args:
        state: What the last week leaves it in.
        n_weeks: Weeks that were decided about, at least 1.
        now: The moment, in UTC.
        seed: Other seeds give other lives.
    """
    if state == "new":
        return []
    weeks = list(_weeks(n_weeks, _newest(state, now), np.random.default_rng(seed)))
    n_versions = sum(week.challenger is not None for week in weeks[:-1])
    return [*weeks[:-1], _ended(weeks[-1], state, next_version=str(n_versions + 1))]


def _newest(state: State, now: datetime) -> datetime:
    """Return the start of the newest week that is decided about."""
    age = {"no_data": 4 * WEEK, "late": WEEK + timedelta(days=2)}.get(state, timedelta(days=1))
    if state in ("retraining", "waiting_for_approval"):
        age = timedelta(hours=1)
    return now.replace(second=0, microsecond=0) - age - TAKEN_AFTER - WEEK


def _weeks(n_weeks: int, newest: datetime, random: np.random.Generator) -> Iterator[Week]:
    champion, version, reference, age = None, 0, LEVEL, 0
    for place in range(n_weeks):
        start = (newest - (n_weeks - 1 - place) * WEEK).astimezone(UTC)
        metric = float(LEVEL - DECAY_PER_WEEK * age + random.normal(0, NOISE))
        is_decayed = champion is not None and reference - metric > MAX_DROP
        in_spell = place % SPELL >= SPELL - SPELL_WEEKS
        verdict, trigger, outcome = _decided(champion, random, is_decayed=is_decayed)
        version, before, age = version + (verdict != "stand_down"), champion, age + 1
        if outcome in ("bootstrapped", "promoted"):
            champion, age = str(version), 0
            reference = float(LEVEL + random.normal(0, NOISE / 2))
        yield Week(
            batch=f"{start:%Y-%m-%dT%H:%M}",
            window=Window(start=start, end=start + WEEK),
            taken_at=start + WEEK + TAKEN_AFTER,
            verdict=verdict,
            trigger=trigger,
            outcome=outcome,
            metric=metric,
            reference=reference,
            decay="decayed" if is_decayed else "stable",
            drifted=5 if in_spell else int(random.random() < KEPT_SHARE and place % 3 == 0),
            is_harmless=in_spell and not is_decayed,
            champion_before=before,
            champion_after=champion,
            challenger=str(version) if verdict != "stand_down" else None,
        )


def _decided(
    champion: str | None, random: np.random.Generator, *, is_decayed: bool
) -> tuple[str, str, str]:
    """Return verdict, trigger and outcome of a week."""
    if champion is None:
        return "bootstrap", "first_model", "bootstrapped"
    if not is_decayed:
        return "stand_down", "none", "stood_down"
    return "retrain", "decay", "kept" if random.random() < KEPT_SHARE else "promoted"


def _ended(last: Week, state: State, *, next_version: str) -> Week:
    """Turn the last week so that it leaves the model in a state."""
    champion = last.champion_before or "1"
    quiet = last._replace(
        verdict="stand_down",
        trigger="none",
        outcome="stood_down",
        metric=last.reference,
        decay="stable",
        drifted=0,
        is_harmless=False,
        champion_before=champion,
        champion_after=champion,
        challenger=None,
    )
    fallen = last.reference - 2 * MAX_DROP
    training = quiet._replace(verdict="retrain", trigger="decay", decay="decayed", metric=fallen)
    turned = {
        "decaying": quiet._replace(metric=fallen, decay="decayed"),
        "drifting": quiet._replace(drifted=7, decay="insufficient_data"),
        "drifting_harmless": quiet._replace(drifted=4, is_harmless=True),
        "failed": training._replace(outcome="failed"),
        "retraining": training._replace(outcome="open", champion_after=None),
        "waiting_for_approval": training._replace(
            outcome="open", champion_after=None, challenger=next_version
        ),
    }
    return turned.get(state, quiet)
