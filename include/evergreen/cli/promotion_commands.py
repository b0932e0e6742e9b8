"""``evergreen hold``, ``release`` and ``promote``: promotions under a person's control."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from evergreen.cli.console import examples, plain, say
from evergreen.cli.ledger_commands import Model, open_ledger
from evergreen.cli.user_name import Who, name_of
from evergreen.dag_ids import CONTINUAL_TRAINING, dag_id
from evergreen.errors import RequestError
from evergreen.ledger.ledger import Ledger
from evergreen.ledger.records import ALL_MODELS
from evergreen.presentation.decisions import version_label
from evergreen.presentation.formatting import moment
from evergreen.settings import Settings
from evergreen.spec.loader import LoadedSpec, load_specs

people_app = typer.Typer()

SomeModel = Annotated[
    str | None, typer.Argument(help="Name of the model.", show_default="none: --all")
]
All = Annotated[bool, typer.Option("--all", help="All models, future ones included.")]
Reason = Annotated[
    str, typer.Option(help="Why; required, stored in the ledger.", show_default=False)
]


@people_app.command(
    "hold",
    epilog=examples(
        'evergreen hold flights --reason "audit of the carrier data"',
        'evergreen hold --all --reason "quarter end"',
    ),
)
def hold(
    model: SomeModel = None,
    is_all: All = False,
    reason: Reason = "",
    requested_by: Who = "",
) -> None:
    """Hold promotions until they are released: the kill switch.

    No champion changes, neither by a decision nor by force. Measuring, training, evaluation and
    rollback by hand continue.
    """
    from evergreen.workflows.promote.holds import tell_hold

    with open_ledger() as (ledger, settings):
        scope = _scope(model, settings, is_all=is_all)
        row = ledger.holds.hold(scope, reason=_reason(reason), held_by=name_of(requested_by))
    say(plain(tell_hold(row)))


@people_app.command(
    "release",
    epilog=examples(
        'evergreen release flights --reason "the audit is over"',
        'evergreen release --all --reason "quarter end is over"',
    ),
)
def release(
    model: SomeModel = None,
    is_all: All = False,
    reason: Reason = "",
    requested_by: Who = "",
) -> None:
    """Allow promotions again. A held promotion is decided again; it is never applied later.

    --all ends the hold of all models, but no hold of a single model.
    """
    why, who = _reason(reason), name_of(requested_by)
    with open_ledger() as (ledger, settings):
        scope = _scope(model, settings, is_all=is_all)
        if not ledger.holds.release(scope, reason=why, released_by=who):
            raise RequestError(
                f"promotions of {_whose(scope)} are not held, so nothing was changed"
            )
        say(f"promotions of {plain(_whose(scope))} are released by {plain(who)}: {plain(why)}")
        for loaded in _in_scope(scope, settings):
            _say_what_follows(ledger, settings, loaded, f"released by {who}: {why}")


@people_app.command(
    "promote",
    epilog=examples('evergreen promote flights 7 --reason "the version that was audited"'),
)
def promote(
    model: Model,
    version: Annotated[
        str, typer.Argument(help="Number of a version that the ledger knows.", show_default=False)
    ],
    reason: Reason = "",
    requested_by: Who = "",
) -> None:
    """Make a named version champion at once, without the promotion rule.

    It does the same as the DAG force_promote, without Airflow: exactly one promotion, recorded as
    forced. It is refused while promotions are held. If it is interrupted, run it again: it finishes
    the promotion. The alert is stored; the watchdog sends it.
    """
    from evergreen.workflows.alerts.manual_action_alerts import tell_forced
    from evergreen.workflows.model_context import ModelContext
    from evergreen.workflows.promote.force_promotion import force_champion

    with open_ledger() as (ledger, settings):
        loaded = load_specs(settings.models_dir, home=settings.home).find(model)
        context = ModelContext(settings, loaded, ledger)
        row = force_champion(
            context,
            version.removeprefix("v"),
            _reason(reason),
            run_id=f"command {uuid.uuid4().hex}",
            requested_by=name_of(requested_by),
        )
        tell_forced(context, row)
    before = version_label(row.previous_version)
    say(
        f"{plain(model)}: v{plain(row.version)} is champion (epoch {row.epoch}, {row.kind},"
        f" {row.state}), before: {before}\n  because  {plain(row.reason)}"
    )


def restraints(ledger: Ledger, model: str, settings: Settings) -> Sequence[tuple[str, str]]:
    """Return what holds a model's promotions back now: (kind, sentence) of each."""
    from evergreen.workflows.decide.decision_history import spec_now
    from evergreen.workflows.promote.holds import tell_freeze, tell_hold

    now, loaded = datetime.now(UTC), spec_now(model, settings)
    freezes = () if loaded is None else loaded.spec.promotion.freeze
    return [
        *(("held", tell_hold(hold)) for hold in ledger.holds.in_force(model)),
        *(
            ("frozen", tell_freeze(freeze))
            for freeze in freezes
            if freeze.start <= now < freeze.end
        ),
        *(
            (
                "asked",
                f"v{one.version} has been waiting for approval since {moment(one.asked_at)}, until"
                f" {moment(one.due_at)}",
            )
            for one in ledger.approvals.waiting(model, at=now)
        ),
    ]


def _say_what_follows(
    ledger: Ledger, settings: Settings, loaded: LoadedSpec, sentence: str
) -> None:
    """Print how to decide at once about a held promotion."""
    from evergreen.workflows.model_context import ModelContext
    from evergreen.workflows.promote.holds import anew

    name = loaded.spec.name
    conf = anew(ModelContext(settings, loaded, ledger), sentence)
    if conf is not None:
        shown = json.dumps(conf).replace("'", "\\u0027")
        say(
            f"{name}: a promotion was held; the next decision trains and evaluates again. To do it"
            " now:\n"
            f"  airflow dags trigger {dag_id(CONTINUAL_TRAINING, name)} --conf '{plain(shown)}'"
        )


def _scope(model: str | None, settings: Settings, *, is_all: bool) -> str:
    """Return the model to hold or release, or ``ALL_MODELS``.

    Raises:
        RequestError: Both a model and --all are given, or neither.
        SpecError: There is no such model.
    """
    if is_all == (model is not None):
        raise RequestError("expected one model, or --all for all of them; nothing was changed")
    if model is None:
        return ALL_MODELS
    return load_specs(settings.models_dir, home=settings.home).find(model).spec.name


def _in_scope(scope: str, settings: Settings) -> Sequence[LoadedSpec]:
    found = load_specs(settings.models_dir, home=settings.home).loaded
    return [one for one in found if scope in (ALL_MODELS, one.spec.name)]


def _whose(scope: str) -> str:
    return "all models" if scope == ALL_MODELS else scope


def _reason(text: str) -> str:
    from evergreen.workflows.run_config import MAX_REASON, text_of

    reason = text_of({"reason": text}, "reason", longest=MAX_REASON)
    if not reason:
        raise RequestError('expected a reason, got none: add --reason "why"; nothing was changed')
    return reason
