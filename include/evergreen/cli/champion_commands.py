"""``evergreen champion`` and ``evergreen rollback``: the champion now or then, and the way back."""

import uuid
from typing import Annotated

import typer
from rich.text import Text

from evergreen.cli.console import examples, plain, say, show_json
from evergreen.cli.ledger_commands import NOTHING_FOUND, AsJson, Model, open_ledger
from evergreen.cli.promotion_commands import restraints
from evergreen.cli.user_name import Who, name_of
from evergreen.ledger.ledger import Ledger
from evergreen.presentation.decisions import version_label
from evergreen.presentation.formatting import moment
from evergreen.records import Promotion
from evergreen.workflows.promote.served_version import Served, who_served

champion_app = typer.Typer()

AT_NOTES = """\b
--at gives two answers:
  by the data    the version that scored the batch of that time
  by the clock   the version that was champion at that time
They differ if data arrives late, as in a replayed history. The first is the answer
if there is one; --json gives both.

"""


@champion_app.command(
    "champion",
    epilog=AT_NOTES
    + examples(
        "evergreen champion flights",
        "evergreen champion flights --at 2013-06-01        its first instant, in UTC",
        "evergreen champion flights --at 2013-03-08T06:00",
        "evergreen champion flights --at 2013-06-01 --json | jq -r .version",
    ),
)
def champion(
    model: Model,
    at: Annotated[
        str | None, typer.Option(help="Ask for this time instead of now.", show_default="now")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which version is champion, or was at a given time. Exit code 1 if there is none."""
    from evergreen.presentation.datetimes import read_moment
    from evergreen.workflows.decide.decision_history import read_history, require_known

    with open_ledger() as (ledger, settings):
        served = None if at is None else who_served(ledger, model, read_moment(at))
        found = ledger.promotions.latest(model) if served is None else served
        if found is None or found.version is None:
            found = None
            require_known(model, read_history(ledger, model), settings)
        lines = _told(ledger, found)
        held = restraints(ledger, model, settings)
    if as_json:
        show_json(None if found is None else found.to_json())
    elif lines is None:
        when = "yet" if served is None else f"at {moment(served.at)}"
        say(f"{plain(model)} has no champion {when}.")
    else:
        say(lines)
    if served is None and not as_json:
        for label, line in held:
            say(f"  {label:<8} {plain(line)}")
    if found is None:
        raise typer.Exit(NOTHING_FOUND)


@champion_app.command(
    "rollback",
    epilog=examples(
        'evergreen rollback flights --reason "wrong on Mondays"          to the champion before',
        'evergreen rollback flights --to 3 --reason "wrong on Mondays"   to version 3',
    ),
)
def rollback(
    model: Model,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="The former champion to return to.",
            show_default="the champion before",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option(help="Why; required, stored in the ledger.", show_default=False)
    ] = "",
    requested_by: Who = "",
    as_json: AsJson = False,
) -> None:
    """Make a former champion the champion again, at once, through the exactly-once protocol.

    It does the same as the DAG rollback, without Airflow, and does not ask for confirmation. If it
    is interrupted, run it again: it finishes the rollback. The alert is stored; the watchdog sends
    it.
    """
    from evergreen.spec.loader import load_specs
    from evergreen.workflows.model_context import ModelContext
    from evergreen.workflows.promote.rollback import roll_back_by_command, tell_rollback

    who = name_of(requested_by)
    with open_ledger() as (ledger, settings):
        loaded = load_specs(settings.models_dir, home=settings.home).find(model)
        context = ModelContext(settings, loaded, ledger)
        row = roll_back_by_command(
            context,
            version=to,
            reason=reason,
            requested_by=who,
            invocation=uuid.uuid4().hex,
        )
        tell_rollback(context, row)
    if as_json:
        show_json(row.to_json())
    else:
        say(_promotion(row))


def _told(ledger: Ledger, found: Promotion | Served | None) -> Text | None:
    if found is None:
        return None
    if isinstance(found, Served):
        return _served(found)
    watches = ledger.watches.of_epoch(found.model, found.epoch)[-1:]
    lines = [f"  watch    {plain(watch.sentence)}" for watch in watches]
    return Text("\n".join([str(_promotion(found)), *lines]))


def _served(served: Served) -> Text:
    """Return the answer by the data first, with its promotion, then that by the clock."""
    lines = []
    if served.by_data is not None:
        one = served.by_data
        lines.append(
            f"v{one.version} served {moment(served.at)}: it was champion for batch"
            f" {plain(one.batch)}, {one.window} ({one.source} {moment(one.when)})"
        )
        if one.promotion is not None:
            lines.append(f"  {_promotion(one.promotion)}")
    if served.by_clock is not None:
        lines.append(f"By the clock, champion at {moment(served.at)}:")
        lines.append(f"  {_promotion(served.by_clock)}")
    return Text("\n".join(lines))


def _promotion(promotion: Promotion) -> Text:
    before = version_label(promotion.previous_version)
    who = f"\n  by       {plain(promotion.requested_by)}" if promotion.requested_by else ""
    return Text(
        f"{plain(promotion.model)}: v{promotion.version} since {moment(promotion.promoted_at)}"
        f" (epoch {promotion.epoch}, {promotion.kind}, {promotion.state})\n"
        f"  because  {plain(promotion.reason)}{who}\n"
        f"  before   {before}\n"
        f"  sha256   {promotion.sha256}"
    )
