"""Decides about one batch: stand down, or train a challenger and promote it if it is better.

**When:** for every batch that the asset `predictions/<model>` announces. By hand from the
trigger form: force a retrain (with a reason), do a dry run, decide again about a past batch,
choose device or window.

**Way:** `measure_drift` and `measure_decay` → `decide` → `stand_down`, or `train_challenger` →
`evaluate_challenger` (both models scored anew on the same newest labelled rows) → `promote`. Where
the spec says `promotion.approval: required`, `approve` waits before it for a person's answer.
`promote` is pink (skipped) when the challenger did not beat the champion, when nobody approved, and
while promotions are held or frozen. `record_decision` ends every path: one row in the ledger, one
message. `write_model_card` runs after it if a model was trained; it never blocks the decision.

**Writes:** drift per feature, the decision with every signal and one sentence, at most one
model version per batch and spec with its card, the evaluation, at most one promotion; a drift
report when something crossed a limit.

**When it fails:** the champion stays as it was. Read the log of the red task, then clear it
with its downstream tasks. `evergreen why <model> <batch>` shows the signals and the decision.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from evergreen.orchestration import approval, assets, card_tasks, decision_tasks, training_tasks
from evergreen.orchestration.dag_factory import models_for, shared, training_resources
from evergreen.orchestration.task_links import link_tasks
from evergreen.orchestration.trigger_params import retrain_params

for spec in models_for("continual_training"):
    with DAG(
        **shared("continual_training", spec),
        schedule=assets.each_partition_of(assets.predictions(spec.name)),
        params=retrain_params(),
        doc_md=__doc__,
    ) as dag:
        asked = decision_tasks.check_request(spec.name)
        drift = decision_tasks.measure_drift(spec.name)
        decay = decision_tasks.measure_decay(spec.name)
        decision = decision_tasks.decide(spec.name)
        stand_down = EmptyOperator(task_id="stand_down")
        report = decision_tasks.write_drift_report(spec.name)
        train = training_tasks.train_challenger.override(**training_resources(spec))(spec.name)
        evaluate = training_tasks.evaluate_challenger(spec.name)
        promote = training_tasks.promote.override(outlets=[assets.champion(spec.name)])(spec.name)
        record = decision_tasks.record_decision(spec.name)
        card = card_tasks.write_model_card(spec.name)
        asked >> [drift, decay] >> decision >> [stand_down, report, train]
        train >> evaluate
        approval.between(evaluate, promote, spec)
        [stand_down, report, promote] >> record
        [train, record] >> card
        link_tasks(dag)
