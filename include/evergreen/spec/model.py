"""The model spec: every key a user may write in ``model.yaml``, with its type, range and default.

Unknown keys are refused. Shares are 0..1, times carry their unit in the name.
"""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from evergreen.spec.alerting import Alerts
from evergreen.spec.checks import check_runbooks, check_schedule, check_timezone
from evergreen.spec.deciding import Decay, Drift, Policy
from evergreen.spec.lightgbm_params import BoosterParams
from evergreen.spec.promoting import PromotionRule
from evergreen.spec.section import Positive, Section, Share

NAME = r"^[a-z][a-z0-9_]{0,49}$"

Task = Literal["binary", "multiclass", "regression"]
MetricName = Literal["auc", "accuracy", "log_loss", "brier", "f1_macro", "rmse", "mae"]
METRICS_OF_TASK: dict[Task, tuple[MetricName, ...]] = {
    "binary": ("auc", "accuracy", "log_loss", "brier"),
    "multiclass": ("accuracy", "log_loss", "f1_macro"),
    "regression": ("rmse", "mae"),
}
Candidate = Literal["full", "recent", "archived"]
FeatureKind = Literal["numeric", "integer", "categorical", "boolean", "datetime"]


class Location(Section):
    """Where deliveries arrive: one folder per batch, ``manifest.json`` written last."""

    uri: str = Field(description="file:///folder, file://{home}/folder, or s3://bucket/prefix.")
    connection_id: str = Field("", description="Airflow connection for s3://; empty: AWS defaults.")

    @field_validator("uri")
    @classmethod
    def _usable(cls, uri: str) -> str:
        parts = urlsplit(uri)
        if parts.scheme not in ("file", "s3"):
            raise ValueError(f"begins with {parts.scheme + ':'!r}; expected file:// or s3://")
        if "@" in parts.netloc or parts.query:
            raise ValueError(
                "a location holds no credentials; name an Airflow connection_id instead"
            )
        if ".." in parts.path.split("/"):
            raise ValueError(f"{uri!r} must not contain '..'")
        if parts.scheme == "s3" and not parts.netloc:
            raise ValueError(f"{uri!r} names no bucket; expected s3://bucket/prefix")
        return uri.rstrip("/")

    @property
    def scheme(self) -> str:
        """``file`` or ``s3``."""
        return urlsplit(self.uri).scheme


class Arrivals(Section):
    """When deliveries are expected and how long to wait for one."""

    every_days: Positive = Field(7, description="Length of one batch in days.")
    wait_hours: Positive = Field(192, description="Wait for the next batch; then alert 'no data'.")
    poke_seconds: Positive = Field(30, description="How often the trigger looks for a manifest.")
    decide_within_hours: Positive = Field(
        6, description="The watchdog alerts when a batch has no decision by then."
    )
    label_delay_batches: Annotated[int, Field(ge=0)] = Field(
        1, description="Labels of a batch arrive this many batches later."
    )


class Feature(Section):
    """One column that the model may use; it must be known when the prediction is made."""

    name: str = Field(min_length=1, max_length=200)
    kind: FeatureKind
    description: str = ""
    derived: bool = Field(False, description="Made by features.py; not in the delivered files.")


class DataSchema(Section):
    """The columns of a batch, and of its labels: ``key`` and ``target``."""

    key: str = Field(description="Column that identifies a row, in batches and in labels.")
    time_column: str = Field(description="Event time, a timestamp with timezone.")
    target: str = Field(
        description="Label column, in label files only: 0 or 1, a class from 0, or a number."
    )
    task: Task = Field(
        "binary",
        description="What the labels are: binary 0 or 1, multiclass 0 to classes - 1, regression"
        " numbers.",
    )
    classes: Annotated[int, Field(ge=2, le=100)] | None = Field(
        None, description="For multiclass, and needed there: labels are 0 to classes - 1."
    )
    features: tuple[Feature, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [feature.name for feature in self.features]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"feature listed twice: {', '.join(twice)}")
        taken = {self.key: "key", self.time_column: "time_column", self.target: "target"}
        if len(taken) < 3:  # noqa: PLR2004 - key, time_column and target
            raise ValueError("key, time_column and target must be three different columns")
        clash = [f"{name} is the {taken[name]}" for name in names if name in taken]
        if clash:
            raise ValueError(f"not allowed as a feature: {'; '.join(clash)}")
        return self

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.task == "multiclass" and self.classes is None:
            raise ValueError("classes is missing; a multiclass target needs it: labels 0 to K - 1")
        if self.task != "multiclass" and self.classes is not None:
            raise ValueError(
                f"classes is for task multiclass, and the task is {self.task}; remove it, or set"
                " task"
            )
        return self

    @property
    def n_classes(self) -> int:
        """Number of classes of the target; 2 unless the spec gives another one."""
        return self.classes or 2

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the spec."""
        return tuple(feature.name for feature in self.features)

    @property
    def delivered_features(self) -> tuple[Feature, ...]:
        """The features that are columns of the delivered files."""
        return tuple(feature for feature in self.features if not feature.derived)


class Windows(Section):
    """How much history the steps look at, in days of event time and in rows."""

    training_days: Positive = 56
    holdout_days: Positive = Field(7, description="Newest matured rows, kept out of training.")
    min_training_rows: Annotated[int, Field(ge=10)] = 5000
    min_holdout_rows: Annotated[int, Field(ge=10)] = 1000


class Training(Section):
    """How a challenger is fitted."""

    params: BoosterParams = BoosterParams()
    n_rounds: Annotated[int, Field(ge=1, le=5000)] = 100
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    device: Literal["auto", "cpu", "cuda", "gpu"] = "auto"
    on_missing_gpu: Literal["cpu", "fail"] = "cpu"
    time_limit_minutes: Positive = 60
    queue: str = "gpu"
    pool: str = "gpu"
    pool_slots: Annotated[int, Field(ge=1)] = 1
    candidates: tuple[Candidate, ...] = Field(
        ("full",),
        min_length=1,
        description="What a retrain tries: the full window, its newest part (recent), and the"
        " former champions (archived); all are judged on the same rows.",
    )
    recent_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.25, description="For recent: share of the training window, its newest part."
    )

    @field_validator("candidates")
    @classmethod
    def _has_a_fit(cls, candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        if len(set(candidates)) < len(candidates):
            raise ValueError(f"names a candidate twice: {', '.join(candidates)}")
        if not {"full", "recent"} & set(candidates):
            raise ValueError("names only former champions; add full or recent, which are fitted")
        return candidates


class Quality(Section):
    """Rules that the gate always adds to ``expectations.json``, and those for label files."""

    min_rows: Annotated[int, Field(ge=1)] = 100
    max_null_share: Share = Field(0.2, description="Per feature, unless max_null_shares names it.")
    max_null_shares: dict[str, Share] = Field(default_factory=dict)
    min_label_match: Share = Field(0.95, description="Share of the batch's rows that got a label.")
    data_docs: Literal["when_rejected", "always"] = "when_rejected"


class Retention(Section):
    """How long what Evergreen wrote is kept. Champion and previous champion are always kept."""

    reports_days: Positive = 90
    predictions_days: Positive = 400
    snapshots_days: Positive = 400
    model_versions: Annotated[int, Field(ge=2)] = Field(20, description="Newest versions to keep.")


class ModelSpec(Section):
    """One model of the suite."""

    name: str = Field(pattern=NAME, description="Also the folder's name and the DAG ids' suffix.")
    owner: str = Field(min_length=1, max_length=100)
    description: str = ""
    schedule: str = Field(description="When to begin waiting for the next batch: cron or preset.")
    timezone: str = "UTC"
    landing: Location
    labels: Location
    arrivals: Arrivals = Arrivals()
    data: DataSchema
    windows: Windows = Windows()
    metric: MetricName = Field(
        "auc", description="What models are judged by; the default is for task binary only."
    )
    drift: Drift = Drift()
    decay: Decay = Decay()
    policy: Policy = Policy()
    quality: Quality = Quality()
    training: Training = Training()
    promotion: PromotionRule = PromotionRule()
    alerts: Alerts = Alerts()
    retention: Retention = Retention()
    runbooks: dict[str, str] = Field(
        default_factory=dict, description="Alert kind to runbook file, where it is not the default."
    )

    _schedulable = field_validator("schedule")(check_schedule)
    _on_the_map = field_validator("timezone")(check_timezone)
    _known_runbooks = field_validator("runbooks")(check_runbooks)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.landing.uri == self.labels.uri:
            raise ValueError("landing.uri and labels.uri are the same; give each its own folder")
        return self

    @model_validator(mode="after")
    def _measurable(self) -> Self:
        task, known = self.data.task, METRICS_OF_TASK[self.data.task]
        if self.metric not in known:
            came = self.metric if "metric" in self.model_fields_set else "missing"
            raise ValueError(
                f"metric is {came}, and data.task is {task}; set metric to one of"
                f" {', '.join(known)}"
            )
        others = sorted(set(self.promotion.guards.max_drops) - set(known))
        if others:
            raise ValueError(
                f"promotion.guards.max_drops names {', '.join(others)}, no metric of task {task};"
                f" it may name {', '.join(known)}"
            )
        missing = self._limits_without_unit() if task == "regression" else []
        if missing:
            raise ValueError(
                f"missing {', '.join(missing)}; for a regression it is in the unit of the labels,"
                f" so there is no default: how much more {self.metric} is too much"
            )
        if task != "binary" and self.training.params.scale_pos_weight != 1:
            raise ValueError("training.params.scale_pos_weight is for task binary; remove it")
        return self

    def _limits_without_unit(self) -> list[str]:
        """Name the limits in the metric's unit that are used and were not given."""
        guards, decay = self.promotion.guards, self.decay
        used = {
            "decay.max_drop": "max_drop" not in decay.model_fields_set,
            "promotion.guards.slice_max_drop": bool(guards.slices)
            and "slice_max_drop" not in guards.model_fields_set,
            "promotion.guards.forgetting_max_drop": guards.forgetting_days is not None
            and "forgetting_max_drop" not in guards.model_fields_set,
        }
        return [name for name, is_missing in used.items() if is_missing]

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        unknown = sorted(set(self.quality.max_null_shares) - set(self.data.feature_names))
        if unknown:
            raise ValueError(f"quality.max_null_shares names no feature: {', '.join(unknown)}")
        return self
