"""How much worse the champion has become on matured labels, against what it scored at promotion."""

from evergreen.decay.measure import ScoredBatch, measure_decay

__all__ = ["ScoredBatch", "measure_decay"]
