"""The gate for label files: enough labels, one per key, each valid for the task."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from evergreen.quality.gate import summarise
from evergreen.quality.sentences import show
from evergreen.records import QualityResult, RuleResult
from evergreen.spec.model import DataSchema, ModelSpec

if TYPE_CHECKING:
    import pandas as pd

Keys = Collection[object]


def gate_labels(labels: "pd.DataFrame", keys: "Keys | pd.Series", spec: ModelSpec) -> QualityResult:
    """Judge the labels of one batch.

    Args:
        labels: The delivered labels, shape (n, 2): the key and the target of ``spec``.
        keys: The keys that were scored in that batch.
        spec: The model; ``quality.min_label_match`` (0..1) is the share of ``keys`` that
            needs a label.

    Returns:
        The verdict, with one result per rule. A missing column rejects, and stops there.
    """
    wanted = (spec.data.key, spec.data.target)
    schema = _schema(labels, wanted)
    if not schema.is_met:
        return summarise([schema])
    key, target = (labels[name] for name in wanted)
    rules = [
        schema,
        _keys_present(key),
        _one_per_key(key),
        _in_range(target, spec.data),
        _matched(key, keys, spec.quality.min_label_match),
    ]
    return summarise(rules)


def _schema(labels: "pd.DataFrame", wanted: tuple[str, str]) -> RuleResult:
    names = [str(name) for name in labels.columns]
    missing = [name for name in wanted if name not in names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if missing:
        listed = ", ".join(map(repr, missing))
        sentence = f"schema: {listed} missing; got {show(names)} with {len(labels)} rows"
    elif repeated:
        sentence = f"schema: {', '.join(map(repr, repeated))} occurs more than once"
    else:
        sentence = f"schema: both {wanted[0]!r} and {wanted[1]!r} are present"
    return RuleResult(rule="schema", is_met=not missing and not repeated, sentence=sentence)


def _keys_present(key: "pd.Series") -> RuleResult:
    n_null = int(key.isna().sum())
    return RuleResult(
        rule="key_not_null",
        column=str(key.name),
        is_met=n_null == 0 and len(key) > 0,
        sentence=f"key_not_null on {str(key.name)!r}: {n_null} of {len(key)} rows have no key",
    )


def _one_per_key(key: "pd.Series") -> RuleResult:
    n_repeated = int(key.dropna().duplicated(keep=False).sum())
    return RuleResult(
        rule="one_label_per_key",
        column=str(key.name),
        is_met=n_repeated == 0 and len(key) > 0,
        sentence=f"one_label_per_key on {str(key.name)!r}: {n_repeated} of {len(key)} rows share"
        " their key with another row",
    )


def _in_range(target: "pd.Series", data: DataSchema) -> RuleResult:
    import pandas as pd

    name = str(target.name)
    if not pd.api.types.is_numeric_dtype(target):  # bool counts as numeric
        sentence = (
            f"label_range on {name!r}: {target.dtype} in {len(target)} rows; deliver"
            f" {_wanted(data)}"
        )
        return RuleResult(rule="label_range", column=name, is_met=False, sentence=sentence)
    bad = target[~_is_wanted(target, data)]
    examples = ", ".join(dict.fromkeys(show(value) for value in bad.head(100)))
    such = f", such as {examples[:120]}" if examples else ""
    return RuleResult(
        rule="label_range",
        column=name,
        is_met=bad.empty and len(target) > 0,
        sentence=f"label_range on {name!r}: {len(bad)} of {len(target)} rows are"
        f" {_unwanted(data)}{such}",
    )


def _is_wanted(target: "pd.Series", data: DataSchema) -> "pd.Series":
    """Return which labels the task takes: classes from 0, or finite numbers."""
    if data.task != "regression":
        return target.isin(range(data.n_classes))
    return target.notna() & ~target.isin([float("inf"), float("-inf")])


def _wanted(data: DataSchema) -> str:
    if data.task == "regression":
        return "numbers"
    return "0 and 1" if data.task == "binary" else f"classes from 0 to {data.n_classes - 1}"


def _unwanted(data: DataSchema) -> str:
    if data.task == "regression":
        return "missing or not finite"
    if data.task == "binary":
        return "neither 0 nor 1"
    return f"not a class from 0 to {data.n_classes - 1}"


def _matched(key: "pd.Series", keys: "Keys | pd.Series", limit: float) -> RuleResult:
    import pandas as pd

    scored = pd.Series(list(keys), dtype=object).drop_duplicates()
    delivered = pd.Series(key.dropna().to_numpy(), dtype=object).drop_duplicates()
    n_matched = int(scored.isin(delivered).sum())
    n_unknown = int((~delivered.isin(scored)).sum())
    name = str(key.name)
    sentence = (
        f"label_match on {name!r}: {n_matched} of {len(scored)} scored rows have a label, a share"
        f" of at least {limit:.4g} is needed; {n_unknown} labels belong to no scored row"
    )
    if not n_matched and len(scored) and len(delivered):
        sentence += (
            f"; a scored key is {show(scored.iloc[0])}, a delivered one {show(delivered.iloc[0])}"
        )
    is_met = len(scored) > 0 and n_matched / len(scored) >= limit
    return RuleResult(rule="label_match", column=name, is_met=is_met, sentence=sentence)
