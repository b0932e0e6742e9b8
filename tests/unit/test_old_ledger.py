"""A ledger from before batches had numbers: it migrates, is read everywhere, and goes on.

``tests/fixtures/ledger_before_batch_numbers.sql`` is the dump of one that commit 9e19652 wrote
through its own code: two small models under ``default`` and ``periodic`` whose first batch holds
five weeks, and three seeded ones with promotions, an approval and a hold.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.seeding import write_spec as write_team_spec
from prometheus_client import CollectorRegistry, generate_latest

from drivers import rendered
from drivers.history import accept, label, predict, run_about
from drivers.tiny import Upstream, write_spec
from evergreen.cli.app import main
from evergreen.ledger.ledger import Ledger
from evergreen.settings import read_settings
from evergreen.signals import EPOCH, PolicyDecision
from evergreen.spec.loader import load_spec
from evergreen.web.metrics.collect import take_reading
from evergreen.web.metrics.exposition import ReadingCollector
from evergreen.web.metrics.task_durations import StepDuration
from evergreen.web.queries.decision_detail import decision_detail, incident_detail
from evergreen.web.queries.model_detail import decisions_page, model_detail, timeline
from evergreen.web.queries.models_list import models_page
from evergreen.web.server.services import Services
from evergreen.workflows.decide.decide import decide_batch
from evergreen.workflows.decide.measure import measure_batch_drift, measure_champion_decay
from evergreen.workflows.decide.version_baseline import keep_reference
from evergreen.workflows.ingest.labelled_data import join_labels, labelled_path
from evergreen.workflows.ingest.snapshot import take_delivery
from evergreen.workflows.model_context import ModelContext
from standins.shelf import Shelf

DUMP = Path(__file__).parents[1] / "fixtures" / "ledger_before_batch_numbers.sql"
SMALL = {"paced": "default", "beaten": "periodic"}
TEAMS = ("team_fresh", "team_waiting_for_approval", "team_frozen")
NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
EVERY_FIRST_WEEK = 5


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Return the old ledger, migrated, in an installation of its own."""
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(tmp_path / "models"))
    for variable in ("EVERGREEN_LEDGER_URL", "EVERGREEN_STORE_URI", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    for name, policy in SMALL.items():
        write_spec(tmp_path / "models", name=name, policy=policy)
    for name in TEAMS:
        write_team_spec(tmp_path / "models", name)
    (tmp_path / "home").mkdir()
    connection = sqlite3.connect(tmp_path / "home" / "ledger.db")
    connection.executescript(DUMP.read_text())
    connection.close()
    with Ledger(read_settings().ledger_url) as opened:
        opened.migrate()
        yield opened


def no_steps(*_: object) -> tuple[StepDuration, ...]:
    """Return that no task has run."""
    return ()


def context_of(ledger: Ledger, model: str) -> ModelContext:
    """Return the context of a small model whose store holds again what the ledger names."""
    settings = read_settings()
    loaded = load_spec(settings.models_dir / model, home=settings.home)
    context = ModelContext(settings, loaded, ledger)
    context.__dict__["registry"] = Shelf({"1": None})
    upstream = Upstream.of(loaded.folder, settings.home)
    for week in (0, 5, 6, 7, 8):
        upstream.deliver(week, n_weeks=1 if week else EVERY_FIRST_WEEK)
    for week in (0, 5, 6, 7):
        upstream.deliver(week, "labels", n_weeks=1 if week else EVERY_FIRST_WEEK)
    for kind in ("data", "labels"):
        for delivery in ledger.batches.deliveries(model, kind):
            assert (
                take_delivery(context.spec, context.store, kind, delivery.batch).path
                == delivery.path
            )
    for delivery in ledger.batches.deliveries(model, "labels"):
        join_labels(context, delivery.batch)
        predict(context, delivery.batch, "1", is_right=delivery.batch < "2024-02-12")
    rows = context.store.read_table(labelled_path(model, "2024-01-01"))
    keep_reference(context.loaded, context.store, rows, f"versions/{model}/v1")
    return context


def decide_next(ledger: Ledger, model: str) -> PolicyDecision:
    """Let another week come, and decide about it."""
    context = context_of(ledger, model)
    upstream = Upstream.of(context.loaded.folder, context.settings.home)
    predict(context, "2024-02-26", "1", is_right=False)
    label(context, upstream, 8)
    run = run_about(context, accept(context, upstream, 9), "next")
    drift, decay = measure_batch_drift(context, run), measure_champion_decay(context, run)
    decision, _ = decide_batch(context, run, drift, decay, run_id="next")
    return decision


def test_numbers_are_called_so_and_say_where_they_count_from(ledger: Ledger) -> None:
    newest = ledger.decisions.history("paced")[-1]
    state = newest.state_after

    assert (newest.batch, newest.signals.number) == ("2024-02-26", 2825)
    assert [(one.number, one.batch) for one in newest.signals.labelled] == [
        (2822, "2024-02-05"),
        (2823, "2024-02-12"),
        (2824, "2024-02-19"),
    ]
    assert state is not None
    assert (state.counted_from, state.number, state.seen) == (EPOCH, 2825, 2824)
    assert (state.last_fit, state.last_fit_batch) == (2825, "2024-02-26")
    assert state.episode is not None
    assert (state.episode.since, state.episode.batch) == (2823, "2024-02-12")


def test_the_terminal_reads_every_model(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # no sentence is broken over two lines of a table
    commands: list[tuple[str, ...]] = [("incidents",)]
    for model in (*SMALL, *TEAMS):
        commands += [("decisions", model), ("champion", model)]
        commands += [("why", model, one.batch) for one in ledger.decisions.history(model)]
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code in (0, None), (command, capsys.readouterr())

    assert "since batch 2024-02-12" in capsys.readouterr().out


def test_pages_and_metrics_read_every_model(ledger: Ledger) -> None:
    services, visible = Services(read_settings(), ledger), frozenset((*SMALL, *TEAMS))
    listed = rendered.text_of(rendered.models(models_page(services, visible=visible, now=NOW)).body)
    for model in (*SMALL, *TEAMS):
        detail = model_detail(services, model, now=NOW)
        assert detail is not None
        assert model in listed
        assert rendered.model(detail).body
        assert rendered.decisions(decisions_page(services, model)).body
        assert timeline(services, model)
        for one in ledger.decisions.history(model):
            page = rendered.text_of(rendered.decision(decision_detail(services, one)).body)
            assert one.sentence in page
    incident = incident_detail(services, 1)
    assert incident is not None
    assert rendered.incident(incident).body
    registry = CollectorRegistry()
    registry.register(
        ReadingCollector(take_reading(services, visible, at=NOW, read_steps=no_steps))
    )
    assert 'model="paced"' in generate_latest(registry).decode()


def test_the_next_decision_goes_on_from_the_old_memory(ledger: Ledger) -> None:
    decision = decide_next(ledger, "paced")

    newest = ledger.decisions.history("paced")[-1]
    state = newest.state_after
    assert (decision.verdict, decision.trigger) == ("retrain", "recovery")
    assert "recovery, 2 batches since the drop (2024-02-12)" in decision.sentence
    assert newest.signals.number == 5
    assert state is not None
    assert (state.number, state.seen, state.last_fit, state.last_fit_batch) == (
        *(5, 4, 5),
        "2024-03-04",
    )
    assert state.episode is not None
    assert (state.episode.since, state.episode.n_fitted) == (2, 2)


def test_a_periodic_policy_goes_on_by_the_new_numbers(ledger: Ledger) -> None:
    decision = decide_next(ledger, "beaten")

    assert decision.sentence == (
        "retrain: due every 5 batches, now; 1 batch since the newest training (2024-02-26)"
    )
