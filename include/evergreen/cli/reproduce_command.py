"""``evergreen reproduce``: train a model again and compare the files."""

from typing import Annotated

import typer
from rich.text import Text

from evergreen.cli.console import examples, plain, say, show_json
from evergreen.cli.ledger_commands import open_ledger
from evergreen.presentation.formatting import plural

reproduce_app = typer.Typer()

DIFFERS = 1
SECONDS_PER_MINUTE = 60
NOTES = """\b
The same as then: the rows (snapshots are found by their sha256), the spec's
parameters and seed, and the features.py that was stored with the version.
As of today: the libraries, Evergreen's code, and the machine. Differences are
printed. To go back to the old ones, check out the printed commit and install its
requirements.txt.

\b
Nothing is registered, promoted or written. Exit code 0: the same file; 1: it differs;
2: it could not be tried; the message says why.

"""


@reproduce_app.command(
    "reproduce",
    epilog=NOTES
    + examples(
        "evergreen reproduce 5f2b6c0e9d1a4b37",
        "evergreen reproduce 5f2b6c0e9d1a4b37 --json | jq .differences",
        "evergreen why flights 2013-03-08       shows the decision ids of a batch",
    ),
)
def reproduce(
    decision: Annotated[
        str, typer.Argument(help="Id of a decision that trained a model.", show_default=False)
    ],
    time_limit_minutes: Annotated[
        float, typer.Option(min=0.1, help="Time limit of the fit, after which it is killed.")
    ] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Train the challenger of a decision again and compare the model file's sha256.

    The fit runs on the CPU, from the snapshots, seed and parameters of that decision. A model that
    was trained on a GPU will differ; all others should give the same file, byte for byte.
    """
    from evergreen.workflows.model_context import open_store
    from evergreen.workflows.train.reproduce import reproduce as make_again

    with open_ledger() as (ledger, settings):
        store = open_store(settings.store_uri, settings.store_connection_id)
        made = make_again(
            ledger, store, decision, time_limit_seconds=time_limit_minutes * SECONDS_PER_MINUTE
        )
    if as_json:
        show_json(made.to_json())
    else:
        say(Text(plain(made.sentence), "green" if made.is_same else "yellow"))
        say(
            f"  from     {plural(made.n_rows, 'row')} of {plural(made.n_batches, 'batch')},"
            f" fitted in {made.seconds:.1f} s"
        )
        if made.made_by != made.decision:
            say(f"  made by  decision {made.made_by}: a former champion was reinstated")
        for difference in made.differences if made.is_same else ():
            say(f"  but      {plain(difference)}")
    if not made.is_same:
        raise typer.Exit(DIFFERS)
