"""What was measured of drift and decay: records, one verdict and one sentence each."""

from typing import Literal

from evergreen.records import MetricEstimate, Record

DriftVerdict = Literal["drifted", "stable", "insufficient_data", "not_computable"]


class ColumnDrift(Record):
    """Drift of one feature against the champion's reference profile.

    ``psi`` in nats (0 = same); ``ks`` is the distance D in 0..1, numeric features only; shares
    in 0..1. ``null_limit`` is for the rise of the null share over the reference's. ``importance``
    is the feature's part (0..1) in a weighed drifted share.
    """

    column: str
    kind: str
    verdict: DriftVerdict
    sentence: str
    n_rows: int
    psi: float | None = None
    psi_limit: float | None = None
    ks: float | None = None
    ks_limit: float | None = None
    null_share: float | None = None
    null_limit: float | None = None
    reference_null_share: float | None = None
    unseen_share: float | None = None
    out_of_range_share: float | None = None
    importance: float | None = None


class MultivariateDrift(Record):
    """Whether a classifier can tell the batch from the reference.

    ``auc`` is cross-validated, 0.5 when the two look the same. ``se`` is one standard error of it,
    for the rows that were judged; another training would move it as well (measured: 1.3 to 1.5
    times ``se`` in all). ``features`` are those that tell them apart, the strongest first.
    """

    verdict: DriftVerdict
    auc: float | None = None
    se: float | None = None
    limit: float | None = None
    features: tuple[str, ...] = ()
    sentence: str


class DriftMeasurement(Record):
    """Drift of one batch: every feature, and the share of judged features that drifted (0..1).

    ``drifted_share`` counts drifted over (drifted + stable + not_computable), where not computable
    counts as drifted; it is None when no feature could be judged. ``moved_share`` is the share of
    features that shifted, including normal variation. ``faults`` are sentences about signs of
    broken data. ``prediction`` is the drift of the champion's scores, ``multivariate`` that of all
    features together; neither counts in the share.
    """

    columns: tuple[ColumnDrift, ...]
    n_rows: int
    drifted_share: float | None
    sentence: str
    moved_share: float | None = None
    faults: tuple[str, ...] = ()
    prediction: ColumnDrift | None = None
    multivariate: MultivariateDrift | None = None

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        """The features over their limit, or not computable."""
        return tuple(c for c in self.columns if c.verdict in ("drifted", "not_computable"))


class ErrorChange(Record):
    """What one streaming detector saw in the champion's errors: a signal, never a decision.

    ``has_changed`` means worse, within the newest batch. ``at_row`` is where the detector said so,
    from 0 over the rows it was given; ``before`` and ``newest`` are mean errors.
    """

    detector: str
    has_changed: bool
    at_row: int | None = None
    before: float | None = None
    newest: float | None = None
    n_rows: int = 0
    sentence: str


class SliceMetric(Record):
    """The metric over the rows of one slice; ``drop`` is positive when worse than the reference."""

    feature: str
    value: str
    verdict: Literal["measured", "insufficient_data", "not_computable"]
    estimate: MetricEstimate
    drop: float | None = None
    drop_se: float | None = None
    sentence: str


class Calibration(Record):
    """How well probabilities agree with labels; each ``_se`` is one standard error.

    ``mean_residual`` is label minus probability. ``ece`` is the expected calibration error (0..1),
    ``ece_noise`` what it would be by chance alone. ``intercept`` (calibration in the large, slope
    held at 1) and ``slope`` are of log odds; 0 and 1 when calibrated.
    """

    n_rows: int
    mean_residual: float | None = None
    residual_se: float | None = None
    ece: float | None = None
    ece_noise: float | None = None
    intercept: float | None = None
    intercept_se: float | None = None
    slope: float | None = None
    slope_se: float | None = None
    sentence: str


class CalibrationShift(Record):
    """Calibration now against the reference's; shifts are current minus reference."""

    verdict: Literal["shifted", "stable", "insufficient_data", "not_computable"]
    current: Calibration
    reference: Calibration | None = None
    residual_shift: float | None = None
    residual_shift_se: float | None = None
    slope_shift: float | None = None
    slope_shift_se: float | None = None
    sentence: str


class DecayMeasurement(Record):
    """How much worse the champion is on matured labels than it was when it was promoted.

    ``drop`` is in the metric's unit, positive when worse. ``coverage`` is the share (0..1) of
    scored rows whose label has arrived, over the batches that were looked at; ``lag_batches`` is
    how many batches the newest of them is behind the batch that is decided about. The verdict does
    not depend on the signals that follow; ``estimated`` is the metric on rows without labels yet.
    """

    verdict: Literal["decayed", "stable", "insufficient_data", "not_computable"]
    sentence: str
    reference: MetricEstimate | None = None
    current: MetricEstimate | None = None
    drop: float | None = None
    limit: float | None = None
    coverage: float | None = None
    batches: tuple[str, ...] = ()
    lag_batches: int | None = None
    slices: tuple[SliceMetric, ...] = ()
    detectors: tuple[ErrorChange, ...] = ()
    calibration: CalibrationShift | None = None
    label: ColumnDrift | None = None
    estimated: MetricEstimate | None = None
