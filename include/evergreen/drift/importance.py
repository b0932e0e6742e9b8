"""How much each feature matters to a model, read from its file without loading it."""

from collections import defaultdict
from math import isfinite

END_OF_TREES = "end of trees"


def importance_of(model_text: str) -> dict[str, float]:
    """Return each feature's share (0..1) of the gain of all splits of a LightGBM model.

    Read from the native text, so that nothing in a model file can crash or run anything. The sum is
    1; a feature that no split uses has 0.

    Args:
        model_text: What ``Booster.model_to_string`` or ``save_model`` gave.

    Returns:
        By the names inside the file, in its order; empty for a text that is not such a model, is
        damaged, or holds no split.
    """
    gains: defaultdict[int, float] = defaultdict(float)
    names: list[str] = []
    splits: list[str] = []
    for line in model_text.splitlines():
        key, _, value = line.partition("=")
        if line == END_OF_TREES:
            break
        if key == "feature_names" and not names:
            names = value.split(" ")
        elif key == "split_feature":
            splits = value.split()
        elif key == "split_gain" and not _add(gains, splits, value.split()):
            return {}
    return _shares(names, gains)


def _add(gains: defaultdict[int, float], splits: list[str], gained: list[str]) -> bool:
    """Add the gains of one tree; False where the two lists cannot be read."""
    if len(splits) != len(gained):
        return False
    try:
        for place, gain in zip(map(int, splits), map(float, gained), strict=True):
            if not isfinite(gain):
                return False
            gains[place] += max(gain, 0.0)
    except ValueError:
        return False
    return True


def _shares(names: list[str], gains: defaultdict[int, float]) -> dict[str, float]:
    total = sum(gains.values())
    is_known = all(0 <= place < len(names) for place in gains)
    if not is_known or not isfinite(total) or total <= 0 or len(set(names)) != len(names):
        return {}
    return {name: gains.get(place, 0.0) / total for place, name in enumerate(names)}
