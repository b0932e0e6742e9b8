"""What a model that knows nothing scores, of a champion that kept nothing of its holdout."""

import pytest

from drivers.history import accept, begin, crown
from drivers.tiny import Upstream
from evergreen.spec.model import Task
from evergreen.workflows.decide.chance_level import UNKNOWN, chance_of
from evergreen.workflows.ingest.labelled_data import labelled_path
from evergreen.workflows.model_context import ModelContext


@pytest.mark.parametrize("task", ["regression"])
def test_of_a_regression_the_newest_labels_tell_it(
    context: ModelContext, upstream: Upstream, task: Task
) -> None:
    batch = begin(context, upstream)
    crown(context)
    labels = context.store.read_table(labelled_path(context.spec.name, "2024-01-01"))["late"]

    assert chance_of(
        context.spec, context.ledger, context.store, "1", before=batch
    ) == pytest.approx(labels.to_numpy().std())
    assert chance_of(context.spec, context.ledger, context.store, None, before=batch) == chance_of(
        context.spec, context.ledger, context.store, "1", before=batch
    )


@pytest.mark.parametrize("task", ["regression"])
def test_without_any_labels_it_is_not_known(
    context: ModelContext, upstream: Upstream, task: Task
) -> None:
    batch = accept(context, upstream, 0)

    assert chance_of(context.spec, context.ledger, context.store, None, before=batch) == UNKNOWN


@pytest.mark.parametrize("task", ["multiclass"])
def test_of_classes_their_number_tells_it(context: ModelContext, task: Task) -> None:
    assert chance_of(
        context.spec, context.ledger, context.store, None, before="2024-01-01"
    ) == pytest.approx(1 / 3)
