"""What /metrics exports: every metric with its type, labels and help.

Moments are exported as such; an age is ``time()`` minus one. Every label comes from a closed list,
or is a model, its owner, its champion, or a task of its DAGs.
"""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from evergreen.web.metrics import samples
from evergreen.web.metrics.collect import Reading
from evergreen.web.metrics.samples import Samples

Source = Callable[[Reading], Samples]


class Exported(NamedTuple):
    """One metric: its full name, what it is, its labels, its help, and how it is read."""

    name: str
    type: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str
    samples: Source


class ReadingCollector(Collector):
    """Hands one reading to Prometheus' client."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Return every metric; without a ledger only those that do not need it."""
        for metric in EXPORTED if self._reading.is_ledger_up else WITHOUT_LEDGER:
            yield _family(metric, metric.samples(self._reading))


def _family(metric: Exported, found: Samples) -> Metric:
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in found:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _gauge(name: str, labels: str, source: Source, text: str) -> Exported:
    return Exported(f"evergreen_{name}", "gauge", tuple(labels.split()), text, source)


def _counter(name: str, labels: str, source: Source, text: str) -> Exported:
    return Exported(f"evergreen_{name}_total", "counter", tuple(labels.split()), text, source)


WITHOUT_LEDGER = (
    _gauge("ledger_up", "", samples.ledger_up, "1 when the ledger's database answered, else 0."),
    _gauge(
        "model_info",
        "model owner",
        samples.owners,
        "Always 1; the models and who looks after them.",
    ),
    _gauge(
        "model_spec_readable",
        "model",
        samples.readable_specs,
        "1 when the spec can be read, else 0.",
    ),
    _gauge(
        "decision_limit_seconds",
        "model",
        samples.limits,
        "In how many seconds an accepted batch is to be decided about.",
    ),
    _gauge(
        "step_duration_seconds",
        "model dag step",
        samples.steps,
        "How long a task took when it last succeeded, by Airflow's records.",
    ),
)

EXPORTED = (
    *WITHOUT_LEDGER,
    _counter(
        "decisions",
        "model verdict outcome",
        samples.decisions,
        "Decisions that came to an end, by what was decided and what came of it.",
    ),
    _gauge(
        "decisions_unsettled",
        "model outcome",
        samples.unsettled,
        "Decisions without an end: open, or failed and not cleared yet.",
    ),
    _gauge(
        "last_decision_timestamp_seconds",
        "model",
        samples.decided_at,
        "When the newest decision was made.",
    ),
    _gauge(
        "last_batch_timestamp_seconds",
        "model",
        samples.accepted_at,
        "When the newest accepted batch was taken in.",
    ),
    _gauge("batches_waiting", "model", samples.waiting, "Accepted batches without a decision."),
    _gauge(
        "batches_waiting_since_timestamp_seconds",
        "model",
        samples.waiting_since,
        "When the oldest batch without a decision was taken in; absent where none waits.",
    ),
    _gauge(
        "batches_overdue",
        "model",
        samples.overdue,
        "Batches that wait for a decision past their limit; 0 while a person is asked.",
    ),
    _counter(
        "batches_due",
        "model",
        samples.due,
        "Accepted batches that were decided about, or whose limit has passed.",
    ),
    _counter(
        "batches_decided_in_time",
        "model",
        samples.in_time,
        "Of those due, the batches decided about, or put before a person, within their limit.",
    ),
    _gauge(
        "champion_info", "model version", samples.champion, "Always 1; the champion of each model."
    ),
    _gauge(
        "champion_promoted_timestamp_seconds",
        "model",
        samples.promoted_at,
        "When the champion was promoted.",
    ),
    _counter("promotions", "model kind", samples.promotions, "Moves of the champion, by kind."),
    _gauge(
        "promotions_held",
        "model cause",
        samples.held,
        "1 while promotions are held by a person (hold) or by the spec (freeze), else 0.",
    ),
    _gauge(
        "approvals_waiting",
        "model",
        samples.approvals,
        "Questions about a challenger that wait for a person's answer.",
    ),
    _gauge(
        "metric_value",
        "model metric",
        samples.metric,
        "Metric of the champion that the newest decision measured, on matured labels, in its unit.",
    ),
    _gauge(
        "metric_reference_value",
        "model metric",
        samples.reference_metric,
        "The same champion's metric when it was promoted, in its unit.",
    ),
    _gauge(
        "drifted_features_ratio",
        "model",
        samples.drifted_share,
        "Share of judged features that drifted in the newest decided batch, 0 to 1.",
    ),
    _gauge(
        "label_coverage_ratio",
        "model",
        samples.coverage,
        "Share of scored rows whose labels had arrived at the newest decision, 0 to 1.",
    ),
    _gauge("incidents_open", "model severity", samples.incidents, "Open incidents, by severity."),
    _gauge(
        "alerts_undelivered",
        "model state",
        samples.undelivered,
        "Alerts that wait for delivery (pending), or that Slack refused for good (undeliverable).",
    ),
)
