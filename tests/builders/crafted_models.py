"""LightGBM text models with a lie in them, and offsets that hide it."""

import re
from collections.abc import Callable


def with_sizes(text: str) -> str:
    """Write the offsets of the trees anew, so that a change elsewhere is all that is wrong."""
    first, end = text.index("Tree=0\n"), text.index("end of trees")
    sizes = [str(len(one)) for one in re.split(r"(?=^Tree=)", text[first:end], flags=re.M) if one]
    return re.sub(r"^tree_sizes=.*$", f"tree_sizes={' '.join(sizes)}", text, count=1, flags=re.M)


def without_sizes(text: str) -> str:
    """Take away the offsets of the trees, so that LightGBM reads on to whatever was changed."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("tree_sizes="))


def with_value(text: str, key: str, value: str, *, tree: int = 0) -> str:
    """Return one tree's key another value; the offsets agree."""
    start = text.index(f"Tree={tree}\n")
    head, rest = text[:start], text[start:]
    return with_sizes(head + re.sub(rf"^{key}=.*$", f"{key}={value}", rest, count=1, flags=re.M))


def with_first(text: str, key: str, number: str, *, tree: int = 0) -> str:
    """Return the first number of one tree's key another value; the offsets agree."""
    start = text.index(f"Tree={tree}\n")
    head, rest = text[:start], text[start:]
    changed = re.sub(rf"^{key}=\S+", f"{key}={number}", rest, count=1, flags=re.M)
    return with_sizes(head + changed)


def with_leaves(text: str, change: Callable[[float], float]) -> str:
    """Change the value of every leaf; the offsets agree."""

    def changed(line: re.Match[str]) -> str:
        return "leaf_value=" + " ".join(repr(change(float(one))) for one in line[1].split())

    return with_sizes(re.sub(r"^leaf_value=(.*)$", changed, text, flags=re.M))
