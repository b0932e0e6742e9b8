"""P07: promoters at one barrier; every history is one of a register with compare-and-set."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pytest

from evergreen.errors import PromotionError
from evergreen.ledger.ledger import Ledger
from evergreen.promotion.protocol import promote
from evergreen.registry.client import ModelRegistry
from faults.linearizable import is_linearizable
from faults.races import Contestant, Promoter, QuickRegistry, Race, naive, settle, sha_of
from faults.table import Table

N_RACES, N_SAMPLED, N_ON_MLFLOW = 240, 20, 12
MOST = 4


@pytest.fixture
def ledgers(ledger: Ledger, ledger_url: str) -> Iterator[list[Ledger]]:
    """One connection for each promoter, as processes have them; the last is the reader's."""
    opened = [Ledger(ledger_url) for _ in range(MOST + 1)]
    yield opened
    for one in opened:
        one.close()


def crown(ledger: Ledger, registry: QuickRegistry | ModelRegistry, model: str) -> None:
    promote(
        ledger.promotions,
        registry,
        model=model,
        version="1",
        sha256=sha_of("1"),
        expected_champion=None,
        decision_id="first",
        kind="bootstrap",
        reason="a race",
    )


def race_once(ledgers: Sequence[Ledger], seed: int) -> tuple[Race, int]:
    """Race 2 to 4 promoters, of whom some die; give what was written down, and how many died."""
    random = np.random.default_rng(seed)
    model = f"race_{seed}"
    alias: dict[str, str] = {}
    reader = QuickRegistry(alias, random)
    crown(ledgers[-1], reader, model)
    promoters: list[tuple[str, Promoter]] = []
    n_mortal = 0
    for place in range(int(random.integers(2, MOST + 1))):
        fate = random.choice(["lives", "lives", "lives", "before write", "before commit"])
        n_mortal += fate != "lives"
        own = QuickRegistry(alias, np.random.default_rng([seed, place]), fate == "before write")
        contestant = Contestant(
            ledgers[place],
            own,
            model,
            with_token=bool(random.integers(2)),
            dies_before_commit=fate == "before commit",
        )
        promoters.append((str(place + 2), contestant))
    race = Race(model, "1")
    race.run(promoters, lambda: champion(ledgers[-1], model))
    settle(ledgers[-1], reader, model)
    race.look(lambda: champion(ledgers[-1], model))
    race.look(lambda: alias[model])
    return race, n_mortal


def champion(ledger: Ledger, model: str) -> str | None:
    row = ledger.promotions.latest(model)
    return None if row is None else row.version


@pytest.mark.parametrize(
    ("first", "n_races"),
    [
        pytest.param(0, N_SAMPLED, id="sample"),
        pytest.param(1000, N_RACES, id="all", marks=pytest.mark.faults),
    ],
)
@pytest.mark.row("P07")
def test_every_race_has_one_winner_and_a_history_that_a_register_could_have(
    ledgers: list[Ledger], case: str, table: Table, first: int, n_races: int
) -> None:
    wrong: dict[str, str] = {}
    answers: list[str] = []
    for seed in range(first, first + n_races):
        race, _ = race_once(ledgers, seed)
        answers += [one.answer for one in race.history if one.kind == "cas"]
        rows = ledgers[-1].promotions.history(race.model)
        if not is_linearizable(race.history, "1"):
            wrong[race.model] = f"not linearizable: {race.history}"
        if len(rows) > 2 or {row.state for row in rows} != {"committed"}:
            wrong[race.model] = f"{rows}"

    told = ", ".join(f"{answers.count(word)} {word}" for word in ("ok", "fail", "refused", "info"))
    table.enter(case, f"{n_races} races: {told}", wrong, "history; I1-I3")
    assert wrong == {}
    assert {"ok", "fail", "refused", "info"} <= set(answers)


@pytest.mark.row("P07")
def test_the_naive_protocol_fails_the_same_check(case: str, table: Table) -> None:
    n_wrong = 0
    for seed in range(N_SAMPLED):
        alias = {"m": "1"}
        own = [QuickRegistry(alias, np.random.default_rng([seed, n])) for n in range(3)]
        race = Race("m", "1")
        race.run(
            [(str(n + 2), naive(registry, "m")) for n, registry in enumerate(own)],
            partial(alias.get, "m"),
        )
        n_wrong += not is_linearizable(race.history, "1")

    outcome = f"control: the naive protocol fails {n_wrong} of {N_SAMPLED} races, as it must"
    table.enter(f"{case} naive", outcome, {}, "-")
    assert n_wrong >= N_SAMPLED / 4


@pytest.mark.parametrize(
    "n_races",
    [
        pytest.param(2, id="MLflow sample"),
        pytest.param(N_ON_MLFLOW, id="MLflow", marks=pytest.mark.faults),
    ],
)
@pytest.mark.row("P07")
def test_races_on_a_real_registry_end_with_alias_and_ledger_in_step(
    ledgers: list[Ledger], mlflow_uri: str, case: str, table: Table, n_races: int
) -> None:
    name = f"races_{n_races}"
    registry = ModelRegistry(mlflow_uri, timeout_seconds=60)
    make_versions(mlflow_uri, name, 1 + 3 * n_races)
    crown(ledgers[-1], registry, name)
    wrong: dict[str, str] = {}
    for n in range(n_races):
        before = champion(ledgers[-1], name)
        assert before is not None
        race = Race(name, before)
        own = [ModelRegistry(mlflow_uri, timeout_seconds=60) for _ in range(3)]
        race.run(
            [
                (str(2 + 3 * n + place), Contestant(ledgers[place], one, name, n % 2 == 0))
                for place, one in enumerate(own)
            ],
            lambda: champion(ledgers[-1], name),
        )
        race.look(lambda: champion(ledgers[-1], name))
        race.look(lambda: bearer(registry, name))
        if not is_linearizable(race.history, before):
            wrong[f"race {n}"] = str(race.history)

    table.enter(case, f"{n_races} races of 3 on MLflow", wrong, "history; I1-I3")
    assert wrong == {}
    assert len(ledgers[-1].promotions.history(name)) == 1 + n_races


def bearer(registry: ModelRegistry, model: str) -> str | None:
    found = registry.get_alias(model, "champion")
    return None if found is None else found.version


def make_versions(mlflow_uri: str, model: str, n: int) -> None:
    """Make versions that carry the sha256 that the race expects, without any file."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mlflow_uri)
    client.create_registered_model(model)
    run = client.create_run("0").info.run_id
    for place in range(1, n + 1):
        tags = {"evergreen.sha256": sha_of(str(place)), "evergreen.key": str(place)}
        client.create_model_version(model, f"runs:/{run}/{place}", run_id=run, tags=tags)


@pytest.mark.row("P07")
def test_a_run_that_was_overtaken_cannot_promote(
    ledgers: list[Ledger], case: str, table: Table
) -> None:
    alias: dict[str, str] = {}
    registry = QuickRegistry(alias, np.random.default_rng(1))
    crown(ledgers[0], registry, "m")
    stalled = ledgers[0].promotions.take_lane("m", "old run")
    ledgers[1].promotions.take_lane("m", "new run")

    with pytest.raises(PromotionError, match="may no longer promote m: decision new run"):
        promote(
            ledgers[0].promotions,
            registry,
            model="m",
            version="2",
            sha256=sha_of("2"),
            expected_champion="1",
            decision_id="old run",
            kind="promotion",
            reason="too late",
            token=stalled,
        )

    assert alias == {"m": "1"}
    table.enter(f"{case} stale token", "refused, names who took over", {}, "I3 I5")
