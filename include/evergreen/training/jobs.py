"""What a child process is asked to do, and what it answers: plain JSON on the wire."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from evergreen.records import Record, Window
from evergreen.spec.lightgbm_params import BoosterParams
from evergreen.spec.model import Feature, Task

Device = Literal["auto", "cpu", "cuda", "gpu"]


class Rows(Record):
    """The rows a job works on, in the order of ``files``.

    Attributes:
        files: Local Parquet files, read in this order; each holds the delivered features.
        features: The features, by name; derived ones are made by ``features_file``.
        features_file: A ``features.py`` with ``build_features(frame) -> frame``; it sees every
            column but the target, and gives the same rows in the same order.
        target: Label column; scoring hides it from ``build_features`` where it is there.
        task: What the labels are: 0 or 1, a class, or a number.
        n_classes: For multiclass: labels are 0..n_classes - 1.
        time_column: Event time; needed with ``window``.
        window: Rows outside are left out; None takes all.
    """

    files: tuple[Path, ...] = Field(min_length=1)
    features: tuple[Feature, ...] = Field(min_length=1)
    features_file: Path | None = None
    target: str = ""
    task: Task = "binary"
    n_classes: int = Field(2, ge=2)
    time_column: str = ""
    window: Window | None = None


class FitJob(Rows):
    """Fit a model for the task and save it as native LightGBM text.

    Attributes:
        device: ``auto`` is cuda, then gpu (OpenCL), then cpu.
        on_missing_gpu: ``fail`` refuses the CPU unless ``device`` is ``cpu``.
        output: Where the model file goes; overwritten.
        refused_devices: Devices not to try, with the reason; set after one has crashed.
    """

    kind: Literal["fit"] = "fit"
    params: BoosterParams = BoosterParams()
    n_rounds: int = Field(100, ge=1)
    seed: int = Field(42, ge=0)
    device: Device = "auto"
    on_missing_gpu: Literal["cpu", "fail"] = "cpu"
    output: Path
    refused_devices: dict[str, str] = Field(default_factory=dict)


class FitResult(Record):
    """A fitted model: file, rows, boosting rounds, wall seconds, and on what it ran.

    ``n_positive`` is how many rows are labelled 1; None unless the task is binary.
    """

    kind: Literal["fit"] = "fit"
    path: Path
    sha256: str
    n_rows: int
    n_positive: int | None
    n_rounds: int
    seconds: float
    device: Literal["cpu", "cuda", "gpu"]
    device_reason: str
    seed: int


class ScoreJob(Rows):
    """Score rows with a model file.

    Attributes:
        model_file: Native LightGBM text.
        sha256: What the file must hash to before it is loaded.
        output: Parquet file of ``keep_columns`` and ``score``, one row per row; overwritten. A
            score is a number, or for multiclass a list of one probability per class.
        keep_columns: Columns of ``files`` that are copied to ``output``.
        attribute_rows: Above 0, ``output`` instead holds how much each feature moves the scores, on
            average over so many of the rows, taken by ``seed``.
    """

    kind: Literal["score"] = "score"
    model_file: Path
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    output: Path
    keep_columns: tuple[str, ...] = ()
    attribute_rows: int = Field(0, ge=0)
    seed: int = Field(0, ge=0)


class ScoreResult(Record):
    """Scores: the file, its rows, wall seconds, and those of them that the prediction took."""

    kind: Literal["score"] = "score"
    path: Path
    n_rows: int
    seconds: float
    predict_seconds: float
