"""Student's t distribution, without SciPy: a quiet decision should not pay for its import."""

import math

MIN_ALPHA = 1e-12


def student_tail(value: float, n_free: int) -> float:
    """Return the probability that Student's t with ``n_free`` degrees of freedom exceeds ``value``.

    Source: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan(abs(value) / math.sqrt(n_free))
    cos, sin = math.cos(angle), math.sin(angle)
    is_odd = n_free % 2
    term, total = cos if is_odd else 1.0, 0.0
    for step in range(1 + is_odd, n_free, 2):
        total += term
        term *= cos**2 * step / (step + 1)
    inside = 2 / math.pi * (angle + sin * total) if is_odd else sin * total
    upper = (1 - inside) / 2
    return upper if value >= 0 else 1 - upper


def student_quantile(alpha: float, n_free: int) -> float:
    """Return the value that Student's t exceeds with probability ``alpha`` (below 0.5)."""
    low, high = 0.0, 1.0
    while student_tail(high, n_free) > max(alpha, MIN_ALPHA):
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, n_free) > alpha else (low, middle)
    return high
