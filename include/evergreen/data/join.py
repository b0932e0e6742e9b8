"""Predictions and labels meet by key, and what does not meet is counted."""

from typing import TYPE_CHECKING

from evergreen.errors import DataError, SchemaError
from evergreen.records import Record

if TYPE_CHECKING:
    import pandas as pd


class LabelMatch(Record):
    """How the labels of a batch fit its rows. ``matched_share`` (0..1) is over the batch's rows.

    ``n_duplicate_keys`` counts keys that stand more than once among the labels; ``n_strangers``
    label rows whose key no row of the batch has; ``n_without_value`` labels without a value.
    """

    n_rows: int
    n_labels: int
    n_matched: int
    n_duplicate_keys: int
    n_strangers: int
    n_without_value: int
    matched_share: float | None


def match_labels(
    rows: "pd.DataFrame", labels: "pd.DataFrame", *, key: str, target: str
) -> LabelMatch:
    """Count how labels fit the rows they belong to; nothing is refused here.

    Args:
        rows: The batch or its predictions, with ``key``.
        labels: With ``key`` and ``target``.
        key: Name of the column that identifies a row.
        target: Name of the label.

    Returns:
        The counts; ``matched_share`` is None when the batch has no rows.

    Raises:
        SchemaError: A column is missing, or the keys are of different kinds.
    """
    _check_keys(rows, labels, key=key, target=target)
    known = labels.loc[labels[target].notna(), key]
    n_matched = int(rows[key].isin(known).sum())
    return LabelMatch(
        n_rows=len(rows),
        n_labels=len(labels),
        n_matched=n_matched,
        n_duplicate_keys=int(labels.loc[labels[key].duplicated(), key].nunique(dropna=False)),
        n_strangers=int((~labels[key].isin(rows[key])).sum()),
        n_without_value=int(labels[target].isna().sum()),
        matched_share=n_matched / len(rows) if len(rows) else None,
    )


def join_labels(
    predictions: "pd.DataFrame", labels: "pd.DataFrame", *, key: str, target: str
) -> "pd.DataFrame":
    """Give the predictions whose label has arrived, with the label beside them.

    Args:
        predictions: One row per ``key``, any other columns except ``target``.
        labels: ``key`` and ``target``, one row per key.
        key: Name of the column that identifies a row.
        target: Name of the label.

    Returns:
        The predictions that have a label, in their order, with ``target`` as 0 or 1 (int8).

    Raises:
        SchemaError: A column is missing, or the keys are of different kinds.
        DataError: A key stands twice on either side, or a label is neither 0 nor 1.
    """
    _check_keys(predictions, labels, key=key, target=target)
    for name, frame in (("predictions", predictions), ("labels", labels)):
        twice = frame.loc[frame[key].duplicated(), key]
        if len(twice):
            raise DataError(
                f"{len(twice)} {key} stand twice in the {name}, such as {twice.iloc[0]!r:.60};"
                " a row has one label"
            )
    known = labels.loc[labels[target].notna(), [key, target]]
    wrong = known.loc[~known[target].isin([0, 1]), target]
    if len(wrong):
        raise DataError(
            f"{len(wrong)} labels are neither 0 nor 1, such as {wrong.iloc[0]!r:.60}; {target} is"
            " a yes or no"
        )
    joined = predictions.merge(known, on=key, how="inner", validate="one_to_one")
    return joined.astype({target: "int8"})


def _check_keys(rows: "pd.DataFrame", labels: "pd.DataFrame", *, key: str, target: str) -> None:
    for name, frame, columns in (("rows", rows, (key,)), ("labels", labels, (key, target))):
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise SchemaError(f"the {name} have no column {', '.join(missing)}")
    from pandas.api.types import is_numeric_dtype

    both = (rows[key], labels[key])
    if all(len(side) for side in both) and len({is_numeric_dtype(side) for side in both}) > 1:
        raise SchemaError(
            f"{key} is {rows[key].dtype} in the rows and {labels[key].dtype} in the labels; they"
            " would never meet: deliver both as text or both as integers"
        )
