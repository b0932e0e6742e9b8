"""The gate for every batch: accepted, or rejected with the rules it broke."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evergreen.errors import GateError
from evergreen.quality.engine import build, evaluate
from evergreen.quality.expectations import entry_problems
from evergreen.quality.frames import FrameFacts, examine, obstacle, without_repeats
from evergreen.quality.rules import Rule, built_in_rules, own_rules
from evergreen.quality.sentences import describe, headline, is_vacuous
from evergreen.records import QualityResult, RuleResult, Window
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult

SHOWN_RULES = 3


def run_gate(
    frame: "pd.DataFrame",
    spec: ModelSpec,
    expectations: Sequence[Mapping[str, Any]],
    *,
    window: Window,
) -> QualityResult:
    """Judge one batch by the rules that always hold and by the model's own expectations.

    The built-in rules are: enough rows, exactly the delivered columns, keys present and unique,
    event times present and inside ``window``, and for each delivered feature a null share within
    its limit. A rule that found no value to check is broken, never met.

    Args:
        frame: The batch, shape (n, delivered columns); derived features are not in it.
        spec: The model.
        expectations: Entries of its ``expectations.json``.
        window: The period that the batch stands for; ``end`` is not part of it.

    Raises:
        GateError: The gate itself broke; this says nothing about the data. A missing column is a
            fault of the data and rejects the batch instead.
    """
    rules, facts, judged = judge(frame, spec, expectations, window)
    return summarise([_as_result(rule, facts, judged.get(i)) for i, rule in enumerate(rules)])


def judge(
    frame: "pd.DataFrame",
    spec: ModelSpec,
    expectations: Sequence[Mapping[str, Any]],
    window: Window,
) -> "tuple[list[Rule], FrameFacts, dict[int, ExpectationValidationResult]]":
    """Return the rules, the facts of the frame, and Great Expectations' results by position.

    A rule without a result could not be run on this frame: ``obstacle`` says why.

    Raises:
        GateError: As ``run_gate``.
    """
    problems = entry_problems(expectations)
    if problems:
        raise GateError(f"expectations.json cannot be used: {'; '.join(problems)}")
    rules = [*built_in_rules(spec, window), *own_rules(expectations)]
    facts = examine(frame)
    runnable = [i for i, rule in enumerate(rules) if obstacle(rule, facts) is None]
    _check_buildable(rules, runnable)
    results = evaluate(without_repeats(frame), [rules[i] for i in runnable])
    return rules, facts, dict(zip(runnable, results, strict=True))


def summarise(rules: Sequence[RuleResult]) -> QualityResult:
    """Return the verdict over all rules: rejected as soon as one is broken."""
    broken = [rule for rule in rules if not rule.is_met]
    if not broken:
        return QualityResult(
            verdict="accepted", rules=tuple(rules), sentence=f"all {len(rules)} rules are met"
        )
    named = "; ".join(rule.sentence for rule in broken[:SHOWN_RULES])
    more = f"; and {len(broken) - SHOWN_RULES} more" if len(broken) > SHOWN_RULES else ""
    sentence = f"{len(broken)} of {len(rules)} rules are broken: {named}{more}"
    return QualityResult(verdict="rejected", rules=tuple(rules), sentence=sentence)


def _check_buildable(rules: Sequence[Rule], runnable: Sequence[int]) -> None:
    """Build also the rules that will not run: a misspelt one breaks the gate on every batch."""
    for position in set(range(len(rules))) - set(runnable):
        build(rules[position], position)


def _as_result(
    rule: Rule, facts: FrameFacts, judged: "ExpectationValidationResult | None"
) -> RuleResult:
    if judged is None:
        reason = obstacle(rule, facts) or "it was not run"
        return _rule_result(rule, is_met=False, sentence=f"{headline(rule)}: {reason}")
    result = judged.result or {}
    sentence = describe(rule, result, facts.n_rows)
    if judged.success and is_vacuous(rule, result):
        sentence = f"{headline(rule)}: nothing to look at in {facts.n_rows} rows: all were left out"
        return _rule_result(rule, is_met=False, sentence=sentence)
    return _rule_result(rule, is_met=bool(judged.success), sentence=sentence)


def _rule_result(rule: Rule, *, is_met: bool, sentence: str) -> RuleResult:
    return RuleResult(rule=rule.name, column=rule.column, is_met=is_met, sentence=sentence)
