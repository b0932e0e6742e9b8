"""What the policy sees of a model, from a real ledger and store."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from drivers.history import (
    ACCEPTED,
    REJECTED,
    accept,
    begin,
    crown,
    enthrone,
    label,
    predict,
    run_about,
)
from drivers.tiny import FIRST, WEEK, Upstream
from evergreen.records import Snapshot, Window
from evergreen.signals import (
    EPOCH,
    Episode,
    LabelledBatch,
    ModelFacts,
    PolicyDecision,
    PolicySignals,
    PolicyState,
    RateSample,
)
from evergreen.spec.deciding import ExcludedSpan
from evergreen.workflows.decide.policy_inputs import LOOK_BACK, MAX_RIVALS, PolicyInputs, recounted
from evergreen.workflows.decide.score import ScoringAccess
from evergreen.workflows.model_context import ModelContext
from standins.shelf import Shelf

HISTORY = 4  # the first batch is number 0 and holds weeks 0 to 4, so week 5 is number 1


@pytest.fixture
def shelve(context: ModelContext) -> Callable[..., Shelf]:
    """Put versions on a shelf that is the model context's registry."""

    def put(**files: Path | None) -> Shelf:
        shelf = Shelf({version.removeprefix("v"): file for version, file in files.items()})
        context.__dict__["registry"] = shelf
        return shelf

    return put


@pytest.fixture
def weeks(context: ModelContext, upstream: Upstream, shelve: Callable[..., Shelf]) -> list[str]:
    """Return the batches of weeks 5, 6 and 7: v1 was trained before them and has scored two."""
    found = [begin(context, upstream)]
    shelve(v1=None)
    crown(context)
    for week in (6, 7):
        predict(context, found[-1], "1")
        label(context, upstream, week - 1)
        found.append(accept(context, upstream, week))
    return found


def by_week(labelled: tuple[LabelledBatch, ...]) -> dict[int, LabelledBatch]:
    """Return labelled batches by their last week."""
    return {batch.number + HISTORY: batch for batch in labelled}


# Places in time


def test_batches_are_counted_in_steps_of_the_cadence(
    context: ModelContext, weeks: list[str]
) -> None:
    numbers = [PolicyInputs(ScoringAccess.of(context), batch, None).number for batch in weeks]

    assert numbers == [1, 2, 3]
    assert PolicyInputs(ScoringAccess.of(context), f"{FIRST:%Y-%m-%d}", None).number == 0


def test_facts_say_through_where_and_from_how_much_a_version_learnt(
    context: ModelContext, weeks: list[str]
) -> None:
    inputs = PolicyInputs(ScoringAccess.of(context), weeks[-1], "1")
    champion = inputs.champion

    assert champion is not None
    assert inputs.batches_since_champion == 3
    assert champion.trained_through == 1
    assert champion.fraction == 7 / 28


def test_without_a_champion_nothing_is_seen_of_models(
    context: ModelContext, weeks: list[str]
) -> None:
    inputs = PolicyInputs(ScoringAccess.of(context), weeks[-1], None)

    assert (inputs.champion, inputs.labelled(), inputs.batches_since_champion) == (None, (), None)


# Labelled batches


def test_the_champion_is_judged_on_what_it_has_not_learnt_from(
    context: ModelContext, weeks: list[str]
) -> None:
    found = by_week(PolicyInputs(ScoringAccess.of(context), weeks[2], "1").labelled())

    assert list(found) == [4, 5, 6]
    assert found[4].champion is None
    for week in (5, 6):
        champion = found[week].champion
        assert champion is not None
        assert champion.n_rows == 400
        assert (champion.value or 0) > 0.8


def test_labels_of_the_batch_and_of_later_ones_are_not_seen(
    context: ModelContext, upstream: Upstream, weeks: list[str]
) -> None:
    label(context, upstream, 7)

    seen = {
        batch: list(by_week(PolicyInputs(ScoringAccess.of(context), batch, "1").labelled()))
        for batch in weeks
    }

    assert list(seen.values()) == [[4], [4, 5], [4, 5, 6]]


def test_only_the_newest_batches_are_looked_at(
    context: ModelContext, upstream: Upstream, weeks: list[str]
) -> None:
    predict(context, weeks[2], "1")
    label(context, upstream, 7)
    batch = accept(context, upstream, 8)

    assert list(by_week(PolicyInputs(ScoringAccess.of(context), batch, "1").labelled())) == [
        5,
        6,
        7,
    ]
    assert LOOK_BACK == 3


@pytest.mark.parametrize(("n_rows", "is_scored"), [(319, False), (320, True)])
def test_labels_of_too_few_rows_give_no_score(
    context: ModelContext, upstream: Upstream, weeks: list[str], n_rows: int, is_scored: bool
) -> None:
    predict(context, weeks[2], "1")
    label(context, upstream, 7, n_rows=n_rows)
    batch = accept(context, upstream, 8)

    newest = PolicyInputs(ScoringAccess.of(context), batch, "1").labelled()[-1]

    assert newest.number == 3
    assert (newest.champion is not None) is is_scored
    assert context.spec.decay.min_coverage == 0.8


def test_quarantined_batches_and_excluded_spans_are_marked(
    context: ModelContext, weeks: list[str]
) -> None:
    context.ledger.decisions.open(
        context.spec.name,
        weeks[0],
        "run",
        decision=PolicyDecision(
            verdict="stand_down", trigger="none", sentence="broken", is_suspect=True
        ),
        signals=PolicySignals(
            batch=weeks[0],
            champion_version="1",
            drift=None,
            decay=None,
            n_training_rows=0,
            n_holdout_rows=0,
        ),
        spec_hash="f",
    )
    span = ExcludedSpan(start=FIRST, end=FIRST + WEEK, reason="a strike")
    policy = context.spec.policy.model_copy(update={"excluded_spans": (span,)})
    spec = context.spec.model_copy(update={"policy": policy})
    ruled = ModelContext(context.settings, replace(context.loaded, spec=spec), context.ledger)
    ruled.__dict__["registry"] = context.registry

    found = by_week(PolicyInputs(ScoringAccess.of(ruled), weeks[2], "1").labelled())

    assert {week: batch.is_suspect for week, batch in found.items()} == {4: True, 5: True, 6: False}


def test_what_has_arrived_is_known_without_scores(context: ModelContext, weeks: list[str]) -> None:
    arrived = PolicyInputs(ScoringAccess.of(context), weeks[2], "1").arrived()

    assert list(by_week(arrived)) == [4, 5, 6]
    assert {(batch.champion, batch.rivals) for batch in arrived} == {(None, ())}


def test_new_rows_are_those_that_came_since_a_training(
    context: ModelContext, weeks: list[str]
) -> None:
    inputs = PolicyInputs(ScoringAccess.of(context), weeks[2], "1")

    n_new = [inputs.n_new_rows(number) for number in (0, 1, 2, 3)]

    assert n_new == [2800, 800, 400, 0]
    assert inputs.n_new_rows(None) is None


# Rivals


@pytest.fixture
def rivalled(context: ModelContext, weeks: list[str], shelve: Callable[..., Shelf]) -> list[str]:
    """Let v2, which is always wrong, be champion after v1."""
    shelve(v1=None, v2=None)
    crown(context, "2")
    for batch in weeks[:2]:
        predict(context, batch, "2", is_right=False)
    return weeks


def test_a_rival_is_compared_on_the_same_rows(context: ModelContext, rivalled: list[str]) -> None:
    inputs = PolicyInputs(ScoringAccess.of(context), rivalled[2], "2")

    found = by_week(inputs.labelled())

    assert [rival.version for rival in inputs.rivals] == ["1"]
    assert found[4].rivals == ()
    for week in (5, 6):
        (rival,) = found[week].rivals
        assert (rival.version, rival.gain > 0.5, rival.se > 0) == ("1", True, True)


def test_a_version_that_was_deleted_is_no_rival(
    context: ModelContext, rivalled: list[str], shelve: Callable[..., Shelf]
) -> None:
    shelve(v2=None)

    assert PolicyInputs(ScoringAccess.of(context), rivalled[2], "2").rivals == ()


def test_a_version_that_cannot_score_is_left_out(
    context: ModelContext, upstream: Upstream, rivalled: list[str]
) -> None:
    predict(context, rivalled[2], "2")
    label(context, upstream, 7)
    batch = accept(context, upstream, 8)

    newest = PolicyInputs(ScoringAccess.of(context), batch, "2").labelled()[-1]

    assert newest.champion is not None
    assert newest.rivals == ()


def test_a_champion_that_cannot_score_has_no_score(
    context: ModelContext, upstream: Upstream, rivalled: list[str]
) -> None:
    predict(context, rivalled[2], "1")
    label(context, upstream, 7)
    batch = accept(context, upstream, 8)

    newest = PolicyInputs(ScoringAccess.of(context), batch, "2").labelled()[-1]

    assert (newest.champion, newest.rivals) == (None, ())


def test_rivals_are_the_newest_former_champions(
    context: ModelContext, weeks: list[str], shelve: Callable[..., Shelf]
) -> None:
    versions = [str(n) for n in range(2, 4 + MAX_RIVALS)]
    shelve(**{f"v{version}": None for version in ["1", *versions]})
    for version in versions:
        crown(context, version)

    rivals = PolicyInputs(ScoringAccess.of(context), weeks[2], versions[-1]).rivals

    assert [facts.version for facts in rivals] == versions[-2 : -2 - MAX_RIVALS : -1]


def test_a_champion_that_was_rolled_back_is_no_rival_until_it_is_promoted_again(
    context: ModelContext, rivalled: list[str]
) -> None:
    enthrone(context, "1", decision="back", kind="rollback")

    assert PolicyInputs(ScoringAccess.of(context), rivalled[2], "1").rivals == ()

    enthrone(context, "2", decision="it won after all")
    enthrone(context, "1", decision="and lost again")
    assert [
        facts.version for facts in PolicyInputs(ScoringAccess.of(context), rivalled[2], "1").rivals
    ] == ["2"]


def test_what_this_decision_has_promoted_in_an_earlier_try_is_no_rival(
    context: ModelContext, weeks: list[str], shelve: Callable[..., Shelf]
) -> None:
    shelve(v1=None, v2=None)
    crown(context, "2", decision=run_about(context, weeks[2]).decision_id)

    assert PolicyInputs(ScoringAccess.of(context), weeks[2], "1").rivals == ()


# Late scores


@pytest.fixture
def scoring(
    context: ModelContext, upstream: Upstream, shelve: Callable[..., Shelf], model_file: Path
) -> None:
    """Begin with a champion v1 that can score."""
    begin(context, upstream)
    crown(context, sha256=sha256(model_file.read_bytes()).hexdigest())
    shelve(v1=model_file)


def scored(context: ModelContext) -> list[str]:
    return [log.batch for log in context.ledger.batches.predictions(context.spec.name, version="1")]


@pytest.mark.usefixtures("scoring")
def test_a_model_without_scores_is_let_score_the_newest_batches(
    context: ModelContext, upstream: Upstream
) -> None:
    for week in (6, 7, 8):
        label(context, upstream, week - 1)
        batch = accept(context, upstream, week)
        if week == 7:
            predict(context, batch, "1")

    found = by_week(PolicyInputs(ScoringAccess.of(context), batch, "1").labelled())

    assert {week: batch.champion is not None for week, batch in found.items()} == {
        5: False,
        6: True,
        7: True,
    }
    assert scored(context) == ["2024-02-12", "2024-02-19"]


@pytest.mark.usefixtures("scoring")
def test_a_dry_run_sees_the_same_and_leaves_no_scores_behind(
    context: ModelContext, upstream: Upstream
) -> None:
    label(context, upstream, 5)
    batch = accept(context, upstream, 6)
    before = set(context.store.list_files())

    dry = PolicyInputs(ScoringAccess.of(context), batch, "1", scratch="scratch/x").labelled()
    left, n_scored = set(context.store.list_files()) - before, len(scored(context))

    assert (left, n_scored) == ({f"scratch/x/{context.spec.name}/2024-02-05/v1.parquet"}, 0)
    assert dry[-1].champion is not None
    assert dry == PolicyInputs(ScoringAccess.of(context), batch, "1").labelled()
    assert scored(context) == ["2024-02-05"]


# Counting


def test_a_memory_that_counted_from_1970_counts_from_the_first_batch(
    context: ModelContext, weeks: list[str]
) -> None:
    old = 2817  # weeks from 1970-01-01 to the week of 2024-01-01, rounded down
    state = PolicyState(
        counted_from=EPOCH,
        number=old + 6,
        seen=old + 5,
        samples=(RateSample(number=old + 5, gain=0.1, se=0.1, n_batches=2),),
        episode=Episode(since=old + 5, before="1"),
        last_fit=old + 6,
        fitted_through=old + 5,
        comparing=ModelFacts(version="1", trained_through=old + 4),
        level=0.8,
        drifted=(0.1,),
    )

    found = recounted(context.spec, context.ledger, weeks[2], state)

    assert (found.number, found.seen, found.last_fit, found.fitted_through) == (2, 1, 2, 1)
    assert (found.samples[0].number, found.episode and found.episode.since) == (1, 1)
    assert found.comparing == ModelFacts(version="1", trained_through=0)
    assert (found.level, found.drifted) == (0.8, (0.1,))
    assert found.counted_from == FIRST + HISTORY * WEEK
    assert recounted(context.spec, context.ledger, weeks[2], found) == found


def test_the_first_memory_says_where_it_counts_from(
    context: ModelContext, weeks: list[str]
) -> None:
    found = recounted(context.spec, context.ledger, weeks[0], PolicyState())

    assert found == PolicyState(counted_from=FIRST + HISTORY * WEEK)


def test_an_older_batch_that_is_accepted_later_moves_the_memory_along(
    context: ModelContext, weeks: list[str]
) -> None:
    before = recounted(context.spec, context.ledger, weeks[2], PolicyState())
    before = before.model_copy(update={"seen": 2, "last_fit": 1})
    start = FIRST - 3 * WEEK
    older = Snapshot(
        model=context.spec.name,
        kind="data",
        batch=f"{start:%Y-%m-%d}",
        window=Window(start=start, end=start + WEEK),
        path="x.parquet",
        sha256="a" * 64,
        n_rows=1,
    )
    context.ledger.batches.record_snapshot(older)
    context.ledger.batches.record_quality(older.model, "data", older.batch, ACCEPTED)

    after = recounted(context.spec, context.ledger, weeks[2], before)

    inputs = PolicyInputs(ScoringAccess.of(context), weeks[2], "1", counted_from=after.counted_from)
    assert (after.seen, after.last_fit, inputs.number) == (2 + 7, 1 + 7, 3 + 7)
    assert (
        PolicyInputs(
            ScoringAccess.of(context), weeks[2], "1", counted_from=before.counted_from
        ).number
        == 3 + 7
    )


def test_a_first_batch_that_is_withdrawn_moves_nothing(
    context: ModelContext, weeks: list[str]
) -> None:
    before = recounted(context.spec, context.ledger, weeks[2], PolicyState(seen=2))
    context.ledger.batches.record_quality(context.spec.name, "data", f"{FIRST:%Y-%m-%d}", REJECTED)

    assert recounted(context.spec, context.ledger, weeks[2], before) == before


def test_a_champion_of_the_future_has_no_negative_age(
    context: ModelContext, weeks: list[str]
) -> None:
    first = f"{FIRST:%Y-%m-%d}"

    assert PolicyInputs(ScoringAccess.of(context), first, "1").batches_since_champion == 0


def test_a_model_that_left_out_the_end_of_a_long_batch_is_not_judged_on_it(
    context: ModelContext, weeks: list[str]
) -> None:
    entry = context.ledger.versions.get(context.spec.name, "1")
    end = entry.trained.window.end - WEEK
    context.ledger.versions.__dict__["get"] = lambda *_: entry.model_copy(
        update={
            "trained": entry.trained.model_copy(
                update={"window": Window(start=end - WEEK, end=end)}
            )
        }
    )

    inputs = PolicyInputs(ScoringAccess.of(context), weeks[2], "1")

    assert inputs.champion is not None
    assert inputs.champion.trained_through == 0
    assert [batch.champion is None for batch in inputs.labelled()] == [True, False, False]
