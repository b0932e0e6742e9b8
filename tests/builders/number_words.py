"""How the documents write numbers."""

from statistics import NormalDist

WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def word(number: float) -> str:
    """A small whole number as a word."""
    return WORDS[int(number)] if number == int(number) else f"{number:g}"


def dec(number: float) -> str:
    """A number below 1 as the documents write it: ``.02``."""
    return f"{number:.6f}".rstrip("0").removeprefix("0")


def pct(share: float) -> str:
    """A share in per cent: ``40 %``."""
    return f"{share * 100:g} %"


def one_in(share: float) -> str:
    """A share as ``one in five``."""
    return f"one in {word(round(1 / share))}"


def covered(z: float) -> str:
    """The share of a normal distribution within ``z`` standard errors: ``95 %``."""
    return pct(round(2 * NormalDist().cdf(z) - 1, 2))
