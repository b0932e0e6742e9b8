"""Commands about model specs."""

from difflib import get_close_matches
from typing import Annotated

import typer

from evergreen.cli.console import cell, examples, make_table, say, screen
from evergreen.errors import GateError, SpecError
from evergreen.settings import read_settings
from evergreen.spec.files import EXPECTATIONS_FILE
from evergreen.spec.loader import LoadedSpec, load_specs

spec_app = typer.Typer(help="Check model specs, and show the keys of a spec.")


@spec_app.command(
    "check",
    epilog=examples(
        "evergreen spec check",
        "evergreen spec check flights",
    ),
)
def check(
    model: Annotated[
        str | None, typer.Argument(help="Name of the model.", show_default="all models")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Skip the check of expectations.json by Great Expectations."),
    ] = False,
) -> None:
    """Read model specs as Airflow does and list all errors. Exit code 2 if there are any."""
    settings = read_settings()
    catalogue = load_specs(settings.models_dir, home=settings.home)
    loaded = catalogue.loaded if model is None else [catalogue.find(model)]
    texts = [] if model is not None else [problem.text for problem in catalogue.problems]
    columns = ("model", "owner", "schedule", "features", "metric", "expectations", "deliveries")
    table = make_table("Models", columns)
    for one in loaded:
        wrong = _wrong_expectations(one, is_quick=quick)
        if wrong:
            texts.append(wrong)
            continue
        spec = one.spec
        table.add_row(
            cell(spec.name),
            cell(spec.owner),
            cell(f"{spec.schedule} {spec.timezone}"),
            str(len(spec.data.features)),
            cell(spec.metric),
            str(len(one.expectations)),
            cell(spec.landing.uri),
        )
    if table.rows:
        screen().print(table)
    elif not texts:
        say(f"There is no model in {settings.models_dir}.")
    if texts:
        raise SpecError("\n\n".join(texts))


@spec_app.command(
    "schema",
    epilog=examples(
        "evergreen spec schema > include/models/model.schema.json",
    ),
)
def schema() -> None:
    """Print the JSON schema of model.yaml, for editors."""
    from evergreen.spec.schema import schema_text

    typer.echo(schema_text(), nl=False)


def _wrong_expectations(loaded: LoadedSpec, *, is_quick: bool) -> str:
    """Return the errors of the expectations; empty if the gate can run all of them."""
    from evergreen.quality.expectations import entry_problems

    file = loaded.folder / EXPECTATIONS_FILE
    problems = entry_problems(loaded.expectations)
    if not problems:
        problems = _unknown_columns(loaded)
    if not problems and not is_quick and loaded.expectations:
        problems = _unbuildable(loaded)
    return "\n".join(f"{file}: {problem}" for problem in problems)


def _unknown_columns(loaded: LoadedSpec) -> list[str]:
    from evergreen.quality.rules import delivered_columns, own_rules

    known = delivered_columns(loaded.spec)
    problems = []
    for position, rule in enumerate(own_rules(loaded.expectations)):
        for column in rule.columns:
            if column not in known:
                near = get_close_matches(column, known, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
                problems.append(
                    f"[{position}] ({rule.type}): no batch has a column {column!r}; {remedy}"
                )
    return problems


def _unbuildable(loaded: LoadedSpec) -> list[str]:
    from evergreen.quality.engine import build
    from evergreen.quality.rules import own_rules

    problems = []
    for position, rule in enumerate(own_rules(loaded.expectations)):
        try:
            build(rule, position)
        except GateError as err:
            problems.append(f"[{position}]: {err}")
    return problems
