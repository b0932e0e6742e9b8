"""How much worse the champion has become on matured labels, against what it scored at promotion.

``measure_decay`` gives the verdict. Beside it stand signals that never decide alone: detectors over
the errors, the metric by slice, the shift of calibration, and an estimate for rows without labels.
"""

from evergreen.decay.measure import DecaySignals, ScoredBatch, measure_decay

__all__ = ["DecaySignals", "ScoredBatch", "measure_decay"]
