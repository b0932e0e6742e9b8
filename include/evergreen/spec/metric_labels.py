"""What people read for each metric. It imports no numbers: DAG files are parsed through here."""

from evergreen.spec.model import MetricName

METRIC_LABELS: dict[MetricName, str] = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "brier": "Brier score",
    "f1_macro": "macro F1",
    "rmse": "RMSE",
    "mae": "MAE",
}
