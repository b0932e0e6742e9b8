"""The structure of a LightGBM text model, checked before LightGBM follows it through memory.

LightGBM trusts a model's text: a split on feature 77,770 reads what lies that far beyond the row,
which ends the process or, as often, gives scores made of it. So every number that LightGBM uses as
a place is bounded here first, and the text has one reading only. Layout: ``Tree::ToString`` and
``GBDT::SaveModelToString`` of LightGBM 4.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evergreen.errors import ModelFileError

Lines = dict[bytes, bytes]
Places = NDArray[np.int64]

LINE: Final = re.compile(rb"([a-z_]+)=([^\x00-\x1f]*)")
PLACES: Final = re.compile(rb"-?[0-9]{1,9}( -?[0-9]{1,9})*")
FLAGS: Final = (b"tree", b"average_output")
END: Final = b"end of trees\n"
LAST: Final = b"\npandas_categorical:"
PER_NODE: Final = (b"split_feature", b"threshold", b"decision_type", b"left_child", b"right_child")
OPTIONAL_PER_NODE: Final = (b"split_gain", b"internal_value", b"internal_weight", b"internal_count")
OPTIONAL_PER_LEAF: Final = (b"leaf_weight", b"leaf_count")
IS_CATEGORICAL: Final = 1


def check_structure(data: bytes, *, objective: str, n_scores: int) -> None:
    """Refuse a model whose text LightGBM could follow out of its own memory.

    Args:
        data: The whole file.
        objective: What its objective's line begins with, such as ``multiclass num_class:3``.
        n_scores: Scores a row that it must give, 1 or the number of classes.

    Raises:
        ModelFileError: It says where the text is not as LightGBM writes it.
    """
    start = data.find(b"\nTree=0\n") + 1
    if not start:
        raise ModelFileError("no tree")
    header = _lines("header", data[:start])
    n_features = _check_header(header, objective, n_scores)
    sizes = _places("header", header, b"tree_sizes")
    if len(sizes) % n_scores or sizes.min() < 1:
        raise ModelFileError(f"header: {len(sizes)} tree_sizes, expected a multiple of {n_scores}")
    for number, size in enumerate(sizes.tolist()):
        block = data[start : start + size]
        title = b"Tree=%d\n" % number
        if not block.startswith(title) or not block.endswith(b"\n\n"):
            raise ModelFileError(f"tree {number} is not where tree_sizes says")
        where = f"tree {number}"
        _check_tree(where, _lines(where, block.removeprefix(title)), n_features)
        start += size
    if not data.startswith(END, start):
        raise ModelFileError("the trees do not end where tree_sizes says")
    if data.find(LAST, start) < 0:
        raise ModelFileError("it ends too early")


def _lines(where: str, text: bytes) -> Lines:
    """Return the ``key=value`` lines of one part; each key once, blank lines only at the end."""
    found: Lines = {}
    for line in text.rstrip(b"\n").split(b"\n"):
        if line in FLAGS:
            continue
        parts = LINE.fullmatch(line)
        if parts is None or parts[1] in found:
            raise ModelFileError(f"{where}: a line that LightGBM does not write")
        found[parts[1]] = parts[2]
    return found


def _check_header(header: Lines, objective: str, n_scores: int) -> int:
    """Check what sizes LightGBM's buffers; give the number of features."""
    found = header.get(b"objective", b"")
    if found != objective.encode() and not found.startswith(objective.encode() + b" "):
        raise ModelFileError(f"header: the objective is not {objective}")
    for key in (b"num_class", b"num_tree_per_iteration"):
        if _number("header", header, key) != n_scores:
            raise ModelFileError(f"header: {key.decode()} is not {n_scores}")
    n_features = _number("header", header, b"max_feature_idx") + 1
    n_names = len(header.get(b"feature_names", b"").split(b" "))
    if n_names != n_features:
        raise ModelFileError(f"header: {n_names} feature_names for {n_features} features")
    return n_features


def _check_tree(where: str, tree: Lines, n_features: int) -> None:
    n_leaves = _number(where, tree, b"num_leaves")
    if n_leaves < 1:
        raise ModelFileError(f"{where}: num_leaves is {n_leaves}")
    _check_count(where, tree, b"leaf_value", n_leaves)
    if tree.get(b"is_linear", b"0") != b"0":
        raise ModelFileError(f"{where}: it is linear, which is not made here")
    if n_leaves > 1:
        _check_splits(where, tree, n_leaves, n_features)


def _check_splits(where: str, tree: Lines, n_leaves: int, n_features: int) -> None:
    for key in (*PER_NODE, *(key for key in OPTIONAL_PER_NODE if key in tree)):
        _check_count(where, tree, key, n_leaves - 1)
    for key in (key for key in OPTIONAL_PER_LEAF if key in tree):
        _check_count(where, tree, key, n_leaves)
    features = _places(where, tree, b"split_feature")
    if features.min() < 0 or features.max() >= n_features:
        raise ModelFileError(f"{where}: split_feature outside the {n_features} features")
    _check_children(where, tree, n_leaves)
    _check_categories(where, tree)


def _check_children(where: str, tree: Lines, n_leaves: int) -> None:
    """Each node but the root, and each leaf, hangs below one earlier node: one tree, no loop."""
    nodes = np.arange(n_leaves - 1)
    sides = [_places(where, tree, key) for key in (b"left_child", b"right_child")]
    is_later = all(((side < 0) | (side > nodes)).all() for side in sides)
    # A leaf is written as its complement: -1 is leaf 0.
    expected = np.arange(-n_leaves, n_leaves - 1)
    children = np.sort(np.concatenate(sides))
    if not is_later or not np.array_equal(children, expected[expected != 0]):
        raise ModelFileError(f"{where}: its children make no tree of {n_leaves} leaves")


def _check_categories(where: str, tree: Lines) -> None:
    """A split on categories names a set of them, and each set lies inside the list."""
    n_sets = _number(where, tree, b"num_cat")
    kinds = _places(where, tree, b"decision_type")
    thresholds = tree[b"threshold"].split()
    named = [thresholds[node] for node in np.flatnonzero(kinds & IS_CATEGORICAL)]
    if not all(PLACES.fullmatch(one) and 0 <= int(one) < n_sets for one in named):
        raise ModelFileError(f"{where}: a split on categories outside its {n_sets} sets")
    if n_sets == 0:
        return
    _check_count(where, tree, b"cat_boundaries", n_sets + 1)
    bounds = _places(where, tree, b"cat_boundaries")
    if bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise ModelFileError(f"{where}: cat_boundaries do not ascend from 0")
    _check_count(where, tree, b"cat_threshold", int(bounds[-1]))


def _check_count(where: str, lines: Lines, key: bytes, n_wanted: int) -> None:
    n_found = len(lines.get(key, b"").split())
    if n_found != n_wanted:
        raise ModelFileError(f"{where}: {n_found} of {key.decode()}, expected {n_wanted}")


def _number(where: str, lines: Lines, key: bytes) -> int:
    found = _places(where, lines, key)
    if len(found) != 1:
        raise ModelFileError(f"{where}: {len(found)} of {key.decode()}, expected 1")
    return int(found[0])


def _places(where: str, lines: Lines, key: bytes) -> Places:
    """Read whole numbers as LightGBM does, of which 9 digits fit its 32 bits."""
    value = lines.get(key, b"")
    if PLACES.fullmatch(value) is None:
        raise ModelFileError(f"{where}: {key.decode()} is not a list of whole numbers")
    return np.array(value.split(b" ")).astype(np.int64)
