"""``evergreen check``: checks of one model, for the end of runbooks and for scripts."""

from collections.abc import Iterator
from typing import Annotated, Literal

import typer
from rich.text import Text

from evergreen.cli.console import examples, plain, say, show_json
from evergreen.cli.ledger_commands import NOTHING_FOUND, AsJson, Model, open_ledger
from evergreen.errors import ExternalError
from evergreen.ledger.ledger import Ledger
from evergreen.records import Promotion, Record
from evergreen.spec.loader import load_specs
from evergreen.workflows.model_context import ModelContext

check_app = typer.Typer()
HoldState = Literal["held", "released"]


class Finding(Record):
    """The result of one check, with one sentence."""

    what: str
    is_well: bool
    sentence: str


@check_app.command(
    "check",
    epilog=examples(
        "evergreen check flights                        do alias and ledger agree?",
        "evergreen check flights --champion 7           and is v7 champion?",
        "evergreen check flights --decided 2013-03-05   and is its decision finished?",
        "evergreen check flights --forced 2013-03-05    and has a person forced its retrain?",
        "evergreen check flights --labelled 2013-03-05  and are its labels there?",
        "evergreen check flights --promotions released  and are promotions not held?",
    ),
)
def check(
    model: Model,
    *,
    champion: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Check that this version is champion.", show_default="any"
        ),
    ] = None,
    decided: Annotated[
        str | None,
        typer.Option(
            metavar="BATCH",
            help="Check that this batch has a finished decision.",
            show_default="none",
        ),
    ] = None,
    forced: Annotated[
        str | None,
        typer.Option(
            metavar="BATCH",
            help="The same, and that a person forced the newest one.",
            show_default="none",
        ),
    ] = None,
    labelled: Annotated[
        str | None,
        typer.Option(
            metavar="BATCH", help="Check that this batch has its labels.", show_default="none"
        ),
    ] = None,
    promotions: Annotated[
        HoldState | None, typer.Option(help="Check that promotions are held, or are not.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a model: exit code 0 if every check passes, 1 if one fails.

    It always checks that the alias in MLflow names the ledger's champion. It changes nothing.
    """
    with open_ledger() as (ledger, settings):
        loaded = load_specs(settings.models_dir, home=settings.home).find(model)
        context = ModelContext(settings, loaded, ledger)
        findings = [_alias(context)]
        if champion is not None:
            findings.append(_champion(context, champion.removeprefix("v")))
        if decided is not None:
            findings.append(_decision(ledger, model, decided))
        if forced is not None:
            findings.append(_decision(ledger, model, forced, is_forced=True))
        if labelled is not None:
            findings.append(_labels(ledger, model, labelled))
        if promotions is not None:
            findings.append(_holds(ledger, model, is_held=promotions == "held"))
    if as_json:
        show_json([finding.to_json() for finding in findings])
    else:
        say(Text("\n").join(_lines(findings)))
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(NOTHING_FOUND)


def _alias(context: ModelContext) -> Finding:
    """Return whether the champion alias in MLflow agrees with the ledger; it is not moved."""
    from evergreen.promotion.projection import CHAMPION, compare

    row = context.ledger.promotions.latest(context.spec.name)
    if row is not None and row.state == "intent":
        sentence = f"the {row.kind} to v{row.version} has begun; the watchdog will finish it"
        return Finding(what="alias", is_well=False, sentence=sentence)
    try:
        found = compare(
            row, context.registry.get_alias(context.spec.name, CHAMPION), context.spec.name
        )
    except ExternalError as err:
        return Finding(what="alias", is_well=False, sentence=str(err))
    return Finding(what="alias", is_well=found.verdict != "mismatch", sentence=found.sentence)


def _champion(context: ModelContext, version: str) -> Finding:
    row = context.ledger.promotions.latest(context.spec.name)
    return Finding(
        what="champion",
        is_well=row is not None and (row.version, row.state) == (version, "committed"),
        sentence=f"{_told(row)}, expected v{version}",
    )


def _told(row: Promotion | None) -> str:
    return "there is no champion" if row is None else f"v{row.version} is champion ({row.state})"


def _decision(ledger: Ledger, model: str, batch: str, *, is_forced: bool = False) -> Finding:
    delivery = ledger.batches.delivery(model, "data", batch)
    found = ledger.decisions.of_batch(model, batch)
    if delivery is None or delivery.status != "accepted":
        state = "has not arrived" if delivery is None else f"is {delivery.status}"
        return Finding(what="decision", is_well=False, sentence=f"batch {batch} {state}")
    if not found:
        sentence = f"batch {batch} is accepted and has no decision yet"
        return Finding(what="decision", is_well=False, sentence=sentence)
    newest = found[-1]
    if is_forced and newest.trigger != "forced":
        sentence = f"no forced retrain of {batch} has begun; the policy made the newest decision"
        return Finding(what="decision", is_well=False, sentence=sentence)
    return Finding(
        what="decision",
        is_well=newest.closed_at is not None and newest.outcome not in ("open", "failed"),
        sentence=f"the decision about {batch} is {newest.outcome.replace('_', ' ')}",
    )


def _labels(ledger: Ledger, model: str, batch: str) -> Finding:
    delivery = ledger.batches.delivery(model, "labels", batch)
    state = "have not arrived" if delivery is None else f"are {delivery.status}"
    return Finding(
        what="labels",
        is_well=delivery is not None and delivery.status == "accepted",
        sentence=f"the labels of {batch} {state}",
    )


def _holds(ledger: Ledger, model: str, *, is_held: bool) -> Finding:
    from evergreen.workflows.promote.holds import tell_hold

    held = [tell_hold(hold) for hold in ledger.holds.in_force(model)]
    sentence = "; ".join(held) or f"promotions of {model} are not held"
    return Finding(what="promotions", is_well=bool(held) == is_held, sentence=sentence)


def _lines(findings: list[Finding]) -> Iterator[Text]:
    for finding in findings:
        mark = ("ok", "green") if finding.is_well else ("FAILED", "bold red")
        yield Text.assemble(mark, f"  {finding.what}: {plain(finding.sentence)}")
