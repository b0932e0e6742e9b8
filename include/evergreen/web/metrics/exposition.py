"""The metrics of /metrics, each with its type, labels and help.

Times are exported as timestamps; an age is ``time()`` minus one. Every label comes from a closed
list, or is a model, its owner, its champion, or a task of its DAGs.
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
    """One metric: its full name, its type, its labels, its help, and the source of its samples."""

    name: str
    type: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    help: str
    samples: Source


class ReadingCollector(Collector):
    """One reading, for Prometheus' client."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """Return every metric; while the ledger is down, those that do not need it."""
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
    _gauge("ledger_up", "", samples.ledger_up, "1 if the ledger's database answered, else 0."),
    _gauge(
        "model_info",
        "model owner",
        samples.owners,
        "Always 1; the owner of each model.",
    ),
    _gauge(
        "model_spec_readable",
        "model",
        samples.readable_specs,
        "1 if the spec can be read, else 0.",
    ),
    _gauge(
        "decision_limit_seconds",
        "model",
        samples.limits,
        "Limit in seconds for the decision about an accepted batch.",
    ),
    _gauge(
        "step_duration_seconds",
        "model dag step",
        samples.steps,
        "Duration of the newest successful run of each task, from Airflow's database.",
    ),
)

EXPORTED = (
    *WITHOUT_LEDGER,
    _counter(
        "decisions",
        "model verdict outcome",
        samples.decisions,
        "Finished decisions, by verdict and outcome.",
    ),
    _gauge(
        "decisions_unsettled",
        "model outcome",
        samples.unsettled,
        "Unfinished decisions: open, or failed and not cleared yet.",
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
        "When the newest accepted batch was ingested.",
    ),
    _gauge("batches_waiting", "model", samples.waiting, "Accepted batches without a decision."),
    _gauge(
        "batches_waiting_since_timestamp_seconds",
        "model",
        samples.waiting_since,
        "When the oldest batch without a decision was ingested; absent if there is none.",
    ),
    _gauge(
        "batches_overdue",
        "model",
        samples.overdue,
        "Batches without a decision after the limit; 0 while an approval is open.",
    ),
    _counter(
        "batches_due",
        "model",
        samples.due,
        "Accepted batches that have a decision, or whose limit has passed.",
    ),
    _counter(
        "batches_decided_in_time",
        "model",
        samples.in_time,
        "Due batches with a decision, or a request for approval, within the limit.",
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
    _counter("promotions", "model kind", samples.promotions, "Promotions and rollbacks, by kind."),
    _gauge(
        "promotions_held",
        "model cause",
        samples.held,
        "1 while a person (hold) or the spec (freeze) holds promotions, else 0.",
    ),
    _gauge(
        "approvals_waiting",
        "model",
        samples.approvals,
        "Open approvals: challengers that wait for a person's answer.",
    ),
    _gauge(
        "metric_value",
        "model metric",
        samples.metric,
        "Champion's metric at the newest decision, on matured labels, in the metric's unit.",
    ),
    _gauge(
        "metric_reference_value",
        "model metric",
        samples.reference_metric,
        "The same champion's metric at its promotion, in the metric's unit.",
    ),
    _gauge(
        "drifted_features_ratio",
        "model",
        samples.drifted_share,
        "Share of checked features that drifted, at the newest decision, 0 to 1.",
    ),
    _gauge(
        "label_coverage_ratio",
        "model",
        samples.coverage,
        "Share of scored rows with labels, at the newest decision, 0 to 1.",
    ),
    _gauge("incidents_open", "model severity", samples.incidents, "Open incidents, by severity."),
    _gauge(
        "alerts_undelivered",
        "model state",
        samples.undelivered,
        "Alerts that wait for delivery (pending), or that Slack refused (undeliverable).",
    ),
)
