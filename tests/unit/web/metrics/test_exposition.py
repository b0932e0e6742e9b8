"""What /metrics says of a real ledger, as Prometheus reads it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from builders.ledger_rows import add_decision, add_delivery, close_as_promoted, make_alert
from drivers.tiny import write_spec
from evergreen.ledger.ledger import Ledger
from evergreen.settings import Settings
from evergreen.web.metrics.collect import take_reading
from evergreen.web.metrics.exposition import EXPORTED, WITHOUT_LEDGER, ReadingCollector
from evergreen.web.metrics.task_durations import StepDuration, StepShelf, read_durations
from evergreen.web.server.services import Services

NOW = datetime.now(UTC)
MODEL = "flights"
STEP = StepDuration(MODEL, "continual_training", "train_challenger", 12.5)
FREEZE = "promotion: {{freeze: [{{start: {0}, end: {1}, reason: books}}]}}\n"


class Page(dict[tuple[str, ...], float]):
    """The samples of a page, by name and sorted label values."""

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of one metric by its labels' values, the labels in their order."""
        return {key[1:]: value for key, value in self.items() if key[0] == f"evergreen_{name}"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    write_spec(tmp_path / "models", name=MODEL)
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.migrate()
        yield Services(settings_at(tmp_path), ledger)


def settings_at(home: Path, ledger: str = "") -> Settings:
    return Settings(
        home=home,
        models_dir=home / "models",
        runbooks_dir=home,
        store_uri=f"file://{home}/store",
        store_connection_id="",
        ledger_url=ledger,
        mlflow_uri="",
        mlflow_url="",
        airflow_url="",
        runbook_url="",
    )


def scrape(services: Services, *models: str, at: datetime = NOW) -> Page:
    """Read the page as Prometheus does; label values stand in the order of the declaration."""
    visible = frozenset(models or (MODEL,))
    shelf = StepShelf(lambda: (STEP,))
    registry = CollectorRegistry()
    registry.register(ReadingCollector(take_reading(services, visible, at=at, read_steps=shelf.of)))
    order = {metric.name: metric.labels for metric in EXPORTED}
    return Page(
        {
            (sample.name, *(sample.labels[label] for label in order[sample.name])): sample.value
            for family in text_string_to_metric_families(generate_latest(registry).decode())
            for sample in family.samples
        }
    )


def append_to_spec(services: Services, more: str) -> None:
    file = services.settings.models_dir / MODEL / "model.yaml"
    file.write_text(file.read_text() + more)


def change(services: Services, statement: str, values: Mapping[str, object]) -> None:
    with services.ledger._database.session() as session:
        session.execute(text(statement), values)


def test_a_model_without_history_waits_for_nothing_and_has_measured_nothing(
    services: Services,
) -> None:
    page = scrape(services)

    assert page.of("ledger_up") == {(): 1}
    assert page.of("model_info") == {(MODEL, "tests"): 1}
    assert page.of("batches_waiting") == page.of("batches_overdue") == {(MODEL,): 0}
    assert page.of("batches_due_total") == page.of("approvals_waiting") == {(MODEL,): 0}
    assert page.of("decision_limit_seconds") == {(MODEL,): 6 * 3600}
    assert page.of("alerts_undelivered") == {(MODEL, "pending"): 0, (MODEL, "undeliverable"): 0}
    for never_measured in ("metric_value", "drifted_features_ratio", "last_decision", "champion"):
        assert [key for key in page if key[0].startswith(f"evergreen_{never_measured}")] == []


def test_a_history_is_counted_and_its_newest_figures_are_told(services: Services) -> None:
    for batch in ("2013-02-26", "2013-03-05", "2013-03-12"):
        add_delivery(services.ledger, batch)
    decision = add_decision(services.ledger, "2013-02-26")
    promotion = close_as_promoted(services.ledger, decision)
    newest = add_decision(services.ledger, "2013-03-05")

    page = scrape(services)

    assert page.of("decisions_total") == {(MODEL, "retrain", "promoted"): 1}
    assert page.of("decisions_unsettled") == {(MODEL, "open"): 1, (MODEL, "failed"): 0}
    assert page.of("batches_waiting") == {(MODEL,): 2}
    assert page.of("batches_decided_in_time_total") == page.of("batches_due_total") == {(MODEL,): 1}
    assert page.of("metric_value") == {(MODEL, "auc"): 0.669}
    assert page.of("metric_reference_value") == {(MODEL, "auc"): 0.7}
    assert page.of("drifted_features_ratio") == {(MODEL,): 0.5}
    assert page.of("label_coverage_ratio") == {(MODEL,): 0.98}
    assert page.of("champion_info") == {(MODEL, "2"): 1}
    assert page.of("promotions_total") == {(MODEL, "promotion"): 1}
    assert page.of("champion_promoted_timestamp_seconds") == {
        (MODEL,): pytest.approx(promotion.promoted_at.timestamp())
    }
    assert page.of("last_decision_timestamp_seconds") == {
        (MODEL,): pytest.approx(newest.decided_at.timestamp())
    }
    assert page.of("step_duration_seconds") == {(MODEL, STEP.dag, STEP.step): 12.5}


def test_a_batch_is_overdue_after_its_limit_but_not_while_a_person_is_asked(
    services: Services,
) -> None:
    add_delivery(services.ledger, "2013-03-05")
    later = NOW + timedelta(hours=7)
    before = scrape(services, at=later).of("batches_overdue")

    decision = add_decision(services.ledger, "2013-03-05")
    services.ledger.approvals.ask(
        decision.id, model=MODEL, version="2", due_at=later + timedelta(hours=1)
    )
    page = scrape(services, at=later)

    assert before == {(MODEL,): 1}
    assert page.of("batches_overdue") == {(MODEL,): 0}
    assert page.of("approvals_waiting") == {(MODEL,): 1}
    assert page.of("batches_waiting") == {(MODEL,): 1}


@pytest.mark.parametrize("scope", [MODEL, "*"], ids=["of the model", "of all"])
def test_a_hold_is_told_until_it_is_released(services: Services, scope: str) -> None:
    services.ledger.holds.hold(scope, reason="storm", held_by="ann")
    held = scrape(services).of("promotions_held")
    services.ledger.holds.release(scope, reason="over", released_by="ann")

    assert held == {(MODEL, "hold"): 1, (MODEL, "freeze"): 0}
    assert scrape(services).of("promotions_held")[MODEL, "hold"] == 0


def test_a_freeze_is_told_while_it_lasts(services: Services) -> None:
    start, end = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    append_to_spec(services, FREEZE.format(start.isoformat(), end.isoformat()))

    assert scrape(services).of("promotions_held")[MODEL, "freeze"] == 1
    assert scrape(services, at=end).of("promotions_held")[MODEL, "freeze"] == 0


def test_open_incidents_and_undelivered_alerts_are_told(services: Services) -> None:
    services.ledger.incidents.open_or_update(make_alert("drift:1"), topic="drift")
    services.ledger.alerts.raise_once(make_alert("refused"), state="undeliverable")

    page = scrape(services)

    assert sum(page.of("incidents_open").values()) == 1
    assert page.of("alerts_undelivered") == {(MODEL, "pending"): 1, (MODEL, "undeliverable"): 1}


def test_only_models_that_may_be_read_are_told(services: Services) -> None:
    write_spec(services.settings.models_dir, name="hidden")
    add_decision(services.ledger, "2013-03-05", model="hidden")
    services.ledger.holds.hold("hidden", reason="storm", held_by="ann")

    page = scrape(services, MODEL)

    assert page
    assert [key for key in page if "hidden" in key] == []


def test_a_spec_that_cannot_be_read_has_no_limit_but_is_told(services: Services) -> None:
    append_to_spec(services, "treshold: 3\n")
    add_delivery(services.ledger, "2013-03-05")

    page = scrape(services, at=NOW + timedelta(days=9))

    assert page.of("model_spec_readable") == {(MODEL,): 0}
    assert page.of("batches_waiting") == {(MODEL,): 1}
    assert page.of("batches_overdue") == page.of("batches_due_total") == {}


def test_a_ledger_that_does_not_answer_is_told_and_nothing_else_of_it(services: Services) -> None:
    change(services, "DROP TABLE promotions", {})

    page = scrape(services)

    assert page.of("ledger_up") == {(): 0}
    assert {key[0] for key in page} == {metric.name for metric in WITHOUT_LEDGER}


def test_label_values_may_hold_anything(services: Services) -> None:
    file = services.settings.models_dir / MODEL / "model.yaml"
    owner = 'a "team"\\of {two}, or so'
    file.write_text(file.read_text().replace("owner: tests", f"owner: '{owner}'"))

    assert scrape(services).of("model_info") == {(MODEL, owner): 1}


def test_steps_are_read_anew_only_after_a_while() -> None:
    read: list[int] = []

    def read_durations() -> tuple[StepDuration, ...]:
        read.append(1)
        return (STEP._replace(seconds=float(len(read))),)

    kept = StepShelf(read_durations, kept_seconds=3600)
    fresh = StepShelf(read_durations, kept_seconds=0)

    assert [step.seconds for _ in range(3) for step in kept.of(frozenset({MODEL}))] == [1, 1, 1]
    assert [step.seconds for _ in range(2) for step in fresh.of(frozenset({MODEL}))] == [2, 3]
    assert kept.of(frozenset({"other"})) == ()


def test_an_airflow_database_without_tables_costs_only_the_durations() -> None:
    assert read_durations() == ()


def test_names_follow_prometheus_conventions() -> None:
    names = [metric.name for metric in EXPORTED]

    assert len(names) == len(set(names))
    for metric in EXPORTED:
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert metric.help.endswith(".")
