"""The numbers that README, docs and runbooks promise, each made from the code that keeps it.

A sentence is written here with the code's own constants in it. It has to stand in its document word
for word, so neither can change without the other.
"""

import re
from math import ceil, sqrt
from pathlib import Path

from builders.number_words import covered, dec, one_in, pct, word
from evergreen.alerts import incident_rules
from evergreen.backtest.report import summary
from evergreen.decay import calibration_shift, row_errors
from evergreen.drift import data_faults, multivariate
from evergreen.drift.limits import limits
from evergreen.drift.profile import between_batch_variance, build, quantile_cells
from evergreen.drift.report import evidently_report
from evergreen.evaluation import costs, metric_drop
from evergreen.evaluation import slices as evaluation_slices
from evergreen.failpoints import FAILPOINTS
from evergreen.ledger.incidents import MAX_TRIES
from evergreen.metrics import calibration, influence, resampling
from evergreen.metrics.chance import CHANCE_OF_AUC, unit_of
from evergreen.policy import adaptive, deciding, former_champions, pace, sudden_drop
from evergreen.presentation import formatting
from evergreen.promotion import evidence, levels, lifetime, watch
from evergreen.registry.versions import MAX_MODEL_BYTES
from evergreen.signals import HOLD_BATCHES, PolicyState
from evergreen.slack import blocks, chart, client, errors
from evergreen.spec.alerting import Alerts
from evergreen.spec.deciding import Drift, Policy
from evergreen.spec.model import DataSchema, Windows
from evergreen.spec.promoting import Guards, PromotionRule
from evergreen.web.metrics import task_durations
from evergreen.workflows.alerts import thread_chart
from evergreen.workflows.alerts.daily_digest import DAY
from evergreen.workflows.backtest.model_history import MIN_OWN_BATCHES
from evergreen.workflows.decide.policy_inputs import MAX_RIVALS
from evergreen.workflows.decide.version_baseline import REFERENCE_SAMPLE_ROWS
from evergreen.workflows.train import feature_attribution

ROOT = Path(__file__).parents[2]
ORDINALS = {4: "fourth", 5: "fifth"}
SHARES = {0.5: "half", 0.25: "quarter", 0.2: "fifth"}
RULE, GUARDS, DRIFT, ALERTS, WINDOWS = PromotionRule(), Guards(), Drift(), Alerts(), Windows()
WATCHDOG = re.search(r"minutes=(\d+)", (ROOT / "dags" / "watchdog.py").read_text())
BATCHES_PER_HALF_YEAR = 26
MB, GIB = 1_000_000, 1 << 30
CLASSES = DataSchema.model_json_schema()["properties"]["classes"]["anyOf"][0]
RULES = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()


def late(hours: float, windows: str, shown: str, severity: str) -> str:
    """The row of the table of limits for one window, from the rule that alerts."""
    long, short = windows.split(", ")
    rate = re.search(rf"ratio_{long} > ([\d.]+) \* 0.01 and fleet:\S+_{short} > \1 ", RULES)
    assert rate is not None, windows
    share = float(rate[1])
    told = " of the time" if hours == 1 else ""
    minutes = ceil(share / 100 * hours * 60)
    return f"| {shown} | {share:g} %{told} | {severity} | {minutes} minutes |"


def watchdog_minutes() -> str:
    """How often the watchdog runs, in minutes, as a word."""
    assert WATCHDOG is not None
    return word(int(WATCHDOG[1]))


def interval(rate: float) -> float:
    """Batches between two trainings at the default budget, for a rate of decay."""
    budget = Policy().budget
    return min(pace.MAX_BATCHES, pace.PACE_OF_BUDGET / budget * sqrt(pace.ORDINARY_RATE / rate))


SMALL, SLOW, DROP = former_champions.MIN_GAIN, pace.ORDINARY_RATE, sudden_drop.MIN_DROP
FIRST_PART = (
    RULE.lifetime_error * (lifetime.DISCARD - lifetime.CANDIDATE) / (lifetime.HALF_LIFE + 1)
)
FRACTIONS = [f"{share * 100:g}" for share in adaptive.FRACTIONS]
RESIDUAL, SLOPE = (quantity[3] for quantity in calibration_shift.QUANTITIES)
EQUAL_PASS = one_in(1 - RULE.min_probability)

POLICIES, DRIFTING = "docs/policies.md", "docs/drift.md"
PROMOTION, EVALUATION = "docs/promotion.md", "docs/evaluation.md"

PROMISES: tuple[tuple[str, str], ...] = (
    (POLICIES, f'"yes, 1st to {HOLD_BATCHES}th batch in a row"'),
    (POLICIES, f"Up to {word(MAX_RIVALS)} archived champions are scored"),
    (
        POLICIES,
        f"better by more than {former_champions.Z:g} standard errors over the newest"
        f" {word(former_champions.BATCHES_JUDGED)} (and by more than {dec(SMALL)})",
    ),
    (POLICIES, f"(at most {word(sudden_drop.FRESH_BATCHES)} batches old)"),
    (
        POLICIES,
        f"below the level by more than {dec(DROP)} and by more than {word(sudden_drop.Z)} standard"
        " deviations",
    ),
    (POLICIES, f"less than {pct(adaptive.SEVERE)} of the level's lead over chance"),
    (POLICIES, f"the champion is at least {word(adaptive.MIN_AGE_TO_REPLACE)} batches old"),
    (POLICIES, f"the newest {FRACTIONS[0]}, {FRACTIONS[1]} or {FRACTIONS[2]} % of the"),
    (
        POLICIES,
        f"`{pace.PACE_OF_BUDGET:g} / budget * sqrt({pace.ORDINARY_RATE:g} / rate)` batches",
    ),
    (
        POLICIES,
        f"With the default budget it is {interval(0.004):g} batches at .004 per batch,"
        f" {interval(0.001):g} at .001, and {pace.MAX_BATCHES} at most",
    ),
    (
        POLICIES,
        f"{dec(SLOW)} per batch while features move, {dec(pace.QUIET_RATE)} while they do not",
    ),
    (
        POLICIES,
        f"adds {pct(deciding.EARNED_OF_BUDGET)} of `policy.budget` as credit, up to"
        f" {deciding.MAX_CREDIT:g} trainings",
    ),
    (POLICIES, f"starts with credit for {PolicyState().credit:g} training"),
    (
        POLICIES,
        f"{dec(DROP)}, {dec(SMALL)} and {dec(SLOW)} above apply to metrics from 0 to 1 whose chance"
        f" level is {dec(CHANCE_OF_AUC)}",
    ),
    (
        POLICIES,
        f"{ {2: 'twice'}[int(unit_of('log_loss', 1.0))] } the loss of a model without skill",
    ),
    (
        POLICIES,
        f"when a {ORDINALS[HOLD_BATCHES + 1]} batch in a row shows a sign, the"
        f" {word(HOLD_BATCHES)} batches before it are released and all {word(HOLD_BATCHES + 1)}",
    ),
    (DRIFTING, f"for [{word(HOLD_BATCHES)} batches in a row at most]"),
    (DRIFTING, f"about {REFERENCE_SAMPLE_ROWS:,} reference rows"),
    (
        DRIFTING,
        f"{quantile_cells.N_BINS} bins, and a grid of about {quantile_cells.N_LEVELS} levels | PSI,"
        f" KS distance D (the grid hides at most {dec(1 / quantile_cells.N_LEVELS)} of it)",
    ),
    (DRIFTING, f"up to {build.MAX_NAMED} values by name, {build.MAX_KNOWN} in all"),
    (DRIFTING, f"(`drift.false_verdicts_per_year`, {DRIFT.false_verdicts_per_year:g})"),
    (DRIFTING, f"At most one batch in {word(1 / limits.MAX_ALPHA)} may be called"),
    (
        DRIFTING,
        f"(PSI {limits.GROSS_PSI:g}, D {dec(limits.GROSS_KS)},"
        f" {limits.GROSS_NULL_RISE * 100:g} points more nulls)",
    ),
    (DRIFTING, f"This needs {word(between_batch_variance.MIN_BLOCKS)} spans"),
    (
        DRIFTING,
        f"{multivariate.MAX_ROWS:,} rows a side. Drifted means an AUC over"
        f" {dec(multivariate.MIN_AUC)}, over chance by {word(multivariate.Z)} standard errors",
    ),
    (
        DRIFTING,
        f"{data_faults.MISSING_RISE * 100:g} percentage points more of the rows;"
        f" {SHARES[data_faults.NEW_SHARE]} of the rows hold values never seen; one value is in over"
        f" {pct(data_faults.STUCK_SHARE)} of the rows and was in less than"
        f" {SHARES[data_faults.STUCK_BEFORE]}; a {SHARES[data_faults.FAR_SHARE]} of the rows lie",
    ),
    (
        DRIFTING,
        f"mean residual moved by over {dec(RESIDUAL)}, or the slope by over {dec(SLOPE)}, and by"
        f" {word(calibration_shift.Z)} standard errors",
    ),
    (
        DRIFTING,
        f"capped at the value that {pct(round(1 - row_errors.OUTLYING, 6))} of the earlier rows",
    ),
    (DRIFTING, f"below {evidently_report.MAX_BYTES / MB:g} MB"),
    (PROMOTION, f"the gain is positive with probability {dec(RULE.min_probability)}"),
    (PROMOTION, f"promotes at most {EQUAL_PASS} equal challengers"),
    (PROMOTION, f"Under `balanced` at most {EQUAL_PASS} does"),
    (PROMOTION, f"at most a {pct(RULE.lifetime_error)} chance of any wrong promotion"),
    (
        PROMOTION,
        f"min_gain: 0.002 # in the metric's unit; default {RULE.min_gain:g} min_probability:"
        f" {RULE.min_probability:g} # balanced: that the gain is positive lifetime_error:"
        f" {RULE.lifetime_error:g} #",
    ),
    (
        PROMOTION,
        f"as wide as {pct(evidence.SCALE_SHARE)} of the champion's metric or"
        f" {word(evidence.SCALE_ERRORS)} errors of the gain; it always keeps a"
        f" {SHARES[evidence.WEAK_WEIGHT]} of the weight",
    ),
    (PROMOTION, f"The newest {levels.MAX_EARLIER} evaluations count"),
    (PROMOTION, f"the first one {dec(round(FIRST_PART, 4))} of {dec(RULE.lifetime_error)}"),
    (
        PROMOTION,
        f"(p above {dec(lifetime.DISCARD)}) and a clearly better one (p at most"
        f" {dec(lifetime.CANDIDATE)})",
    ),
    (PROMOTION, f"`min_holdout_rows` is {WINDOWS.min_holdout_rows:,} by default"),
    ("docs/going-back.md", f"`promotion.watch_batches` ({RULE.watch_batches}) labelled batches"),
    ("docs/going-back.md", f"the watchdog completes it within {watchdog_minutes()} minutes"),
    (
        "docs/going-back.md",
        f"standard deviation {dec(watch.PRIOR_SD)} for AUC, accuracy or F1 (for a loss"
        f" {pct(watch.PRIOR_SHARE)} of the former champion's)",
    ),
    ("docs/going-back.md", f"stay within `watch_error` ({dec(RULE.watch_error)})"),
    (
        "docs/going-back.md",
        f"holds while models differ by up to about {dec(watch.PRIOR_SD)} from batch to batch",
    ),
    ("docs/going-back.md", f"does not detect a loss of {dec(watch.PRIOR_SD)} or less"),
    (
        "docs/alerts.md",
        f"the {['first', 'second', 'third'][incident_rules.LOOKS_TO_CONFIRM - 1]} check in a row"
        " that finds another version",
    ),
    ("docs/alerts.md", f"calm_batches: {ALERTS.calm_batches} digest: daily"),
    ("docs/alerts.md", f"digest_hour: {ALERTS.digest_hour} ```"),
    ("docs/alerts.md", f"ended in the last {DAY.total_seconds() / 3600:g} hours"),
    ("docs/alerts.md", f"at most {watchdog_minutes()} minutes later"),
    ("docs/alerts.md", f"{word(MAX_TRIES).capitalize()} retries, a cleared task"),
    (EVALUATION, f"Accuracy uses the threshold {dec(influence.CUTOFF)}"),
    (EVALUATION, f"{resampling.N_RESAMPLES:,} resamples of rows"),
    (EVALUATION, f"over {resampling.N_BLOCKS} blocks of neighbours in time"),
    (EVALUATION, f"Below {resampling.MIN_ROWS} rows there are no blocks"),
    (EVALUATION, f"the times are {dec(costs.MIN_SECONDS)} s apart or more"),
    (
        EVALUATION,
        f"up to {evaluation_slices.MAX_VALUES} values with at least `slice_min_rows` rows"
        f" ({GUARDS.slice_min_rows})",
    ),
    (EVALUATION, f"needs {evaluation_slices.MIN_PER_CLASS} rows of each class"),
    (EVALUATION, f"in at most {pct(metric_drop.MISSED)} of comparisons"),
    (
        EVALUATION,
        f"expected calibration error, {word(calibration.N_BINS)} bins of equal numbers of rows",
    ),
    ("docs/model-spec.md", f"`data.classes` ({CLASSES['minimum']} to {CLASSES['maximum']})"),
    ("docs/model-spec.md", f"`calm_batches` ({ALERTS.calm_batches}) in a row end an incident"),
    (
        "docs/backtest.md",
        "while less than half a year is stored"
        if MIN_OWN_BATCHES == BATCHES_PER_HALF_YEAR
        else f"while fewer than {MIN_OWN_BATCHES} batches are stored",
    ),
    (
        "docs/backtest.md",
        f"that gain is below {dec(summary.MIN_GAIN)} (regression:"
        f" {pct(summary.MIN_GAIN_OF_LOSS)} of what `never` loses)",
    ),
    ("docs/evidence.md", f"on at most {feature_attribution.SAMPLE_ROWS:,} rows of the holdout"),
    ("docs/evidence.md", f"with {feature_attribution.TIME_LIMIT_SECONDS:g} seconds"),
    ("docs/evidence.md", f"gain with {pct(resampling.COVERED)} intervals"),
    ("docs/exactly-once.md", f"a plain file of at most {MAX_MODEL_BYTES / GIB:g} GiB"),
    ("docs/exactly-once.md", f"SIGKILL at each of {len(FAILPOINTS)} failpoints"),
    ("docs/exactly-once.md", f"by the watchdog within {watchdog_minutes()} minutes"),
    (
        "docs/observability.md",
        f"looked at once in {word(task_durations.KEPT_SECONDS / 60)} minutes and not past the"
        f" newest {task_durations.NEWEST_RUNS:,} runs",
    ),
    ("docs/observability.md", late(1, "1h, 5m", "1 h, 5 min", "critical")),
    ("docs/observability.md", late(6, "6h, 30m", "6 h, 30 min", "critical")),
    ("docs/observability.md", late(24, "1d, 2h", "1 d, 2 h", "warning")),
    ("docs/observability.md", late(72, "3d, 6h", "3 d, 6 h", "warning")),
    ("docs/slack.md", f"the metric with its {covered(thread_chart.Z_95)} interval"),
    ("docs/slack.md", f"| {errors.SERVER_ERROR}, time-out, lost reply |"),
    ("docs/ui.md", f"with its {covered(formatting.Z_95)} interval"),
    (
        "docs/operating-promotions.md",
        f'"nobody answered within {RULE.approval_timeout_hours:g} hours; the champion stays"',
    ),
    (
        "docs/operating-promotions.md",
        f"approval_timeout_hours: {RULE.approval_timeout_hours:g} approval_on_timeout:"
        f" {RULE.approval_on_timeout} # or: promote approval_reminder_hours:"
        f" {RULE.approval_reminder_hours:g} ```",
    ),
    ("docs/slack.md", f"at most {word(blocks.MAX_NUMBERS)}, each with its unit"),
    ("docs/slack.md", f"at most {word(blocks.MAX_COMMANDS)} commands, ready for a shell"),
    ("docs/slack.md", f"at most {chart.MAX_MOMENTS} batches"),
    (
        "docs/slack.md",
        f"at most {client.MAX_WAIT_SECONDS:g} s and { {2: 'twice'}[client.MAX_WAITS] }; after",
    ),
    ("docs/slack.md", f"{client.TOO_MANY} | waits as long as Slack asks"),
    ("include/runbooks/approval_wanted.md", f"at most {EQUAL_PASS} challengers that are only as"),
    ("include/runbooks/promoted.md", f"at most {EQUAL_PASS} challengers that are only as good"),
    ("include/runbooks/auto_rolled_back.md", f"`promotion.watch_error` ({pct(RULE.watch_error)})"),
    ("include/runbooks/rollback_held.md", f"`promotion.watch_error` ({pct(RULE.watch_error)})"),
    (
        "include/runbooks/drift.md",
        f"`drift.false_verdicts_per_year` batches ({DRIFT.false_verdicts_per_year:g} a year)",
    ),
)
