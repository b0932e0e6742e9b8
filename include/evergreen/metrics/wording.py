"""How a number is written in a sentence, so that it stays on its side of the limit beside it."""

MAX_DECIMALS = 6


def number(value: float, beside: float | None = None, *, decimals: int = 2) -> str:
    """Write ``value`` with as few decimals as keep it on its side of the limit ``beside``.

    0.2501 beside 0.25 reads "0.2501", not "0.25"; a value equal to its limit reads like it.
    """
    if beside is None:
        return f"{value:.{decimals}f}"
    if value == beside:
        return limit(value, decimals=decimals)
    for places in range(decimals, MAX_DECIMALS + 1):
        text = f"{value:.{places}f}"
        if (float(text) > beside) == (value > beside) and float(text) != beside:
            return text
    return repr(float(value))


def limit(value: float, *, decimals: int = 2) -> str:
    """Write a limit in full: as its owner wrote it, with at least ``decimals`` decimals."""
    short = f"{value:.{decimals}f}"
    return short if float(short) == value else f"{value:.10g}"
