"""Great Expectations, run on one frame: in memory, without progress bars, reports or usage events.

Every failure inside it becomes a ``GateError``. Its findings about the data are returned as its own
result objects, one per rule and in the order of the rules.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from evergreen.errors import GateError
from evergreen.quality.rules import Rule

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.expectations.expectation import Expectation

POSITION = "evergreen_rule"
N_EXAMPLES = 5
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": N_EXAMPLES}
MAX_CAUSE = 300
SHOWN_ERRORS = 3


def evaluate(frame: "pd.DataFrame", rules: Sequence[Rule]) -> "list[ExpectationValidationResult]":
    """Run ``rules`` over ``frame`` and return one result for each, in their order.

    Great Expectations copies the frame for each rule, so each group gets only its own columns.

    Raises:
        GateError: A rule cannot be built, or Great Expectations raised.
    """
    from great_expectations.core import ExpectationSuite

    expectations = [build(rule, position) for position, rule in enumerate(rules)]
    results: list[ExpectationValidationResult] = []
    try:
        definition = _definition()
        for columns, positions in _by_columns(rules).items():
            part = frame if columns is None else frame[list(dict.fromkeys(columns))]
            batch = definition.get_batch(batch_parameters={"dataframe": part})
            suite = ExpectationSuite("gate", expectations=[expectations[i] for i in positions])
            results += batch.validate(suite, result_format=dict(RESULT_FORMAT)).results
    except Exception as err:  # any error means that the gate broke; callers expect GateError
        raise GateError(f"the quality gate broke: Great Expectations raised {_cause(err)}") from err
    return _in_order(results, rules)


def _by_columns(rules: Sequence[Rule]) -> dict[tuple[str, ...] | None, list[int]]:
    """Positions of the rules by the columns they need; None for those that need the whole frame."""
    groups: dict[tuple[str, ...] | None, list[int]] = {}
    for position, rule in enumerate(rules):
        is_of_columns = rule.columns and rule.type.startswith("expect_column_")
        is_narrow = is_of_columns and not rule.is_conditional
        groups.setdefault(rule.columns if is_narrow else None, []).append(position)
    return groups


def build(rule: Rule, position: int) -> "Expectation":
    """Return Great Expectations' own object for ``rule``.

    Raises:
        GateError: There is no such expectation, or it does not take these kwargs.
    """
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration = ExpectationConfiguration(
        type=rule.type, kwargs=dict(rule.kwargs), meta={POSITION: position}
    )
    try:
        return configuration.to_domain_obj()
    except ExpectationNotFoundError as err:
        raise GateError(
            f"there is no expectation {rule.type!r}{_nearest(rule.type)}; correct expectations.json"
        ) from err
    except Exception as err:  # pydantic v1's errors, and any error of an expectation's own checks
        raise GateError(
            f"{_place(rule)} cannot be built from {dict(rule.kwargs)}: {_cause(err)}; correct its"
            " kwargs in expectations.json"
        ) from err


def _definition() -> "BatchDefinition[Any]":
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("batch")
    return asset.add_batch_definition_whole_dataframe("whole")


def _in_order(
    results: "Sequence[ExpectationValidationResult]", rules: Sequence[Rule]
) -> "list[ExpectationValidationResult]":
    found = {_position(result): result for result in results}
    broken = [
        f"{_place(rule)}: {cause}"
        for position, rule in enumerate(rules)
        if (cause := _trouble(found.get(position)))
    ]
    if broken:
        more = f" (and {len(broken) - SHOWN_ERRORS} more)" if len(broken) > SHOWN_ERRORS else ""
        raise GateError(
            f"the quality gate broke at {'; '.join(broken[:SHOWN_ERRORS])}{more}. This says nothing"
            " about the data: correct the expectation in expectations.json, then clear the task"
        )
    return [found[position] for position in range(len(rules))]


def _position(result: "ExpectationValidationResult") -> int:
    meta = result.expectation_config.meta if result.expectation_config else None
    return int((meta or {}).get(POSITION, -1))


def _trouble(result: "ExpectationValidationResult | None") -> str | None:
    if result is None:
        return "Great Expectations gave no result for it"
    causes = _exceptions(result.exception_info)
    if causes:
        return "; ".join(causes)
    if result.success is None:
        return "Great Expectations gave neither success nor failure"
    return None


def _exceptions(info: Mapping[str, Any] | None) -> list[str]:
    """Messages of ``exception_info``, which is one record, or one record per metric id."""
    if not info or info.get("raised_exception") is False:
        return []
    records = [info] if "exception_message" in info else list(info.values())
    messages = [_cut(str(r.get("exception_message"))) for r in records if isinstance(r, Mapping)]
    return list(dict.fromkeys(messages)) or ["an exception without a message"]


def _nearest(type_: str) -> str:
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    near = get_close_matches(type_, list_registered_expectation_implementations(), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _place(rule: Rule) -> str:
    return f"{rule.name} on {rule.column}" if rule.column else rule.name


def _cause(err: Exception) -> str:
    errors = getattr(err, "errors", None)
    if callable(errors):
        found = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors()]
        return _cut("; ".join(found))
    return _cut(f"{type(err).__name__}: {err}")


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_CAUSE else f"{flat[:MAX_CAUSE]}..."
