"""Numbers that documents write as words: each from the code's constant, or with the reason why not.

A sentence of ``WORDED`` is written with the code's constants, as those of ``promises``. A phrase of
``NO_CONSTANT`` holds number words that no constant decides.
"""

import inspect
import re

from builders.number_words import word
from builders.promises import ROOT, RULE, SHARES
from drivers.runbooks import RUNBOOKS, SECTIONS
from evergreen.alerts import decision
from evergreen.backtest.engine import replay
from evergreen.landing.deliver import sample_rows
from evergreen.policy import adaptive, sudden_drop
from evergreen.sandbox.services import airflow_services

BENCH, GUIDE = "docs/benchmarks.md", "docs/runbooks.md"
AT_ONCE = re.search(r"^AT_ONCE = (\d+)$", (ROOT / "tests/drills/conftest.py").read_text(), re.M)
REPEATS = re.search(r'"full": .*?repeats=(\d+)', (ROOT / "bench/run.py").read_text(), re.S)
LEAST_FRACTION = SHARES[adaptive.FRACTIONS[0]]
WITH_A_TOKEN = [path for path in RUNBOOKS.glob("*.md") if "$AIRFLOW_TOKEN" in path.read_text()]


def found(match: re.Match[str] | None) -> str:
    """Return the number that a pattern found in a file, as a word."""
    assert match is not None
    return word(int(match[1]))


WORDED: tuple[tuple[str, str], ...] = (
    ("README.md", f"Kept against cost of {word(len(replay.ALL))} policies on flights"),
    ("docs/backtest.md", f"Kept against cost of {word(len(replay.ALL))} policies on flights"),
    (
        "docs/backtest.md",
        f"one on a {LEAST_FRACTION} of the window counts as a {LEAST_FRACTION}",
    ),
    (
        "docs/policies.md",
        f"A training on a {LEAST_FRACTION} of the window costs a {LEAST_FRACTION}.",
    ),
    (BENCH, f"first call included; medians of {found(REPEATS)}."),
    (BENCH, f"Medians of {found(REPEATS)} on two otherwise idle cores"),
    (
        BENCH,
        f"({word(sudden_drop.FRESH_BATCHES)} batches are fresh, {word(sudden_drop.Z)} standard"
        " deviations are unlikely)",
    ),
    (
        "docs/getting-started.md",
        f"seed that chooses {word(10 * inspect.signature(sample_rows).parameters['share'].default)}"
        " in ten of all flights",
    ),
    (
        "docs/going-back.md",
        f"`.venv/bin/python -m bench.watch`, {word(RULE.watch_batches)} batches",
    ),
    (GUIDE, f"the same {word(len(SECTIONS))} sections: {', '.join(SECTIONS)}."),
    (GUIDE, f"{word(len(WITH_A_TOKEN)).capitalize()} runbooks use Airflow's REST API"),
    (GUIDE, f"Airflow's {word(len(airflow_services.SERVICES))} processes"),
    (GUIDE, f"{found(AT_ONCE)} drills run at the same time"),
    ("include/runbooks/drift.md", f"names the {word(decision.SHOWN)} worst"),
)

# Why a number word states no constant, and the phrases that hold such words, by document.
COUNTED = "counts what the same sentence, list or table names"
DEFINED = "is part of a name, a definition or a rule of arithmetic"
EXAMPLE = "is an example or advice; the code does the same with another number"
MEASURED = "was measured, or says how"
TESTED = "is a case of a test or a drill that has it"
NO_CONSTANT: dict[str, dict[str, tuple[str, ...]]] = {
    COUNTED: {
        "README.md": ("Two commands",),
        "docs/alerts.md": ("two processes at once give one incident",),
        BENCH: ("There are three commands",),
        "docs/deploy.md": ("Back up the two together",),
        "docs/drift.md": ("has two sources",),
        "docs/evidence.md": (
            "writes it to two places",
            "Each of the two runs in a child process",
            "the two snapshots of every batch",
        ),
        "docs/going-back.md": ("There are three ways", "`--at` gives two answers"),
        "docs/model-spec.md": ("Three things follow the files as they are now",),
        "docs/observability.md": ("There are three sources",),
        "docs/promotion.md": ("Read the two middle columns first",),
        "include/runbooks/alias_mismatch.md": ("Certain that the two differ",),
    },
    DEFINED: {
        "docs/backtest.md": ("The target has two or more classes",),
        "docs/drift.md": ("two columns hold each other's values", "such as two columns that are"),
        "docs/exactly-once.md": ("if two processes read, compare and set it",),
        "docs/model-spec.md": ("must contain at least two.", "five-field cron"),
        "docs/policies.md": ("two columns exchanged",),
        "docs/promotion.md": (
            "promotes half of all equal challengers",
            "Half of all equal challengers pass the naive rule",
            "half-Cauchy",
            "If two holdouts overlap",
        ),
        "docs/evaluation.md": ("fails only if two equal models would show such a drop",),
    },
    EXAMPLE: {
        "docs/evaluation.md": ("A storm delays a hundred flights",),
        "docs/evidence.md": ("a three-line summary",),
        "docs/model-spec.md": ("A model of four classes",),
        "docs/observability.md": ("a rate over five minutes is then useless",),
        "docs/operating-promotions.md": ("Clearing `approve` alone does not ask twice",),
        "docs/architecture.md": ("even if tasks are killed, cleared or run twice",),
        "docs/going-back.md": ("so no row is used twice",),
        "docs/promotion.md": ("If a batch has only hundreds of rows",),
        "include/runbooks/data_rejected.md": ("half a file", "if two batches in a row are"),
        "include/runbooks/failed.md": ("after half an hour",),
        "include/runbooks/kept.md": ("three challengers in a row did not win",),
        "include/runbooks/no_data.md": ("after two missing batches",),
    },
    MEASURED: {
        "README.md": ("retraining every fifth week keeps 60 % with 19",),
        BENCH: (
            "Measured on two cores",
            "In the four bursts of `syn_f`",
            "The plain mean over the four streams",
            "a quarter to a half of it where it does not",
            "Eight files are few",
            "six start offsets",
            "windows half and double as long",
            "four real streams are a small sample",
            "one batch of eight",
            "two batches apart .79",
            '"at least once in 52" to two',
            "The two scores correlate",
        ),
        "docs/backtest.md": ("one to two minutes on two cores",),
        "docs/evaluation.md": ("a model over one that is four batches older",),
        "docs/going-back.md": ("On eight streams of the policy benchmark",),
        "docs/policies.md": ("labels in hundredths and in ten thousands decide alike",),
        "docs/promotion.md": ('two for "at least once"',),
        GUIDE: ("on two otherwise idle cores",),
    },
    TESTED: {
        BENCH: ("nine queries for any number of either",),
        "docs/exactly-once.md": (
            "two first runs at once",
            "cleared ten days later",
            "every third request fails",
            "two trainers; the same data and seed twice",
        ),
        GUIDE: ("Half of a column is missing", "has moved by three standard deviations"),
    },
}
