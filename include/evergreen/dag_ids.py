"""The ids of our DAGs and tasks, and how a DAG's id is made of its kind and its model.

Airflow keeps runs under these ids and people type them, so they never change without a note in the
changelog. Nothing else in the package writes or cuts such an id.
"""

SEPARATOR = "__"

INGEST = "ingest"
LABELS = "labels"
SCORE = "score"
CONTINUAL_TRAINING = "continual_training"
WATCH_CHAMPION = "watch_champion"
REDELIVERY = "redelivery"
ROLLBACK = "rollback"
HOLD = "hold"
FORCE_PROMOTE = "force_promote"
BACKTEST = "backtest"

WATCHDOG = "watchdog"
HOUSEKEEPING = "housekeeping"
SPEC_PROBLEMS = "spec_problems"

# One DAG of each kind per model.
MODEL_KINDS = (
    *(INGEST, SCORE, LABELS, REDELIVERY, CONTINUAL_TRAINING, WATCH_CHAMPION),
    *(ROLLBACK, HOLD, FORCE_PROMOTE, BACKTEST),
)
# One DAG for all models.
SUITE = (WATCHDOG, HOUSEKEEPING)

FIND_NEXT_BATCH = "find_next_batch"
WAIT_FOR_BATCH = "wait_for_batch"
WAIT_FOR_LABELS = "wait_for_labels"
TAKE_SNAPSHOT = "take_snapshot"
PUBLISH_BATCH = "publish_batch"
QUARANTINE_BATCH = "quarantine_batch"
WRITE_DATA_DOCS = "write_data_docs"
PUBLISH_LABELS = "publish_labels"
REJECT_LABELS = "reject_labels"
SKIP_LABELS = "skip_labels"

CHECK_REQUEST = "check_request"
MEASURE_DRIFT = "measure_drift"
MEASURE_DECAY = "measure_decay"
DECIDE = "decide"
STAND_DOWN = "stand_down"
WRITE_DRIFT_REPORT = "write_drift_report"
TRAIN_CHALLENGER = "train_challenger"
EVALUATE_CHALLENGER = "evaluate_challenger"
APPROVE = "approve"
PROMOTE = "promote"
RECORD_DECISION = "record_decision"
WRITE_MODEL_CARD = "write_model_card"

COMPARE_WITH_FORMER = "compare_with_former"


def dag_id(kind: str, model: str) -> str:
    """Return the DAG id of one kind of DAG for one model, such as ``ingest__flights``."""
    return f"{kind}{SEPARATOR}{model}"


def kind_of(dag: str) -> str:
    """Return the kind of a DAG; the id itself for a DAG of the whole suite."""
    return dag.partition(SEPARATOR)[0]


def model_of(dag: str) -> str | None:
    """Return the model that a DAG belongs to; None for the DAGs of the whole suite."""
    _, separator, model = dag.partition(SEPARATOR)
    return model if separator else None
