"""``evergreen demo``: start, play, tell, leave up or stop."""

import time

from rich.console import Console
from rich.text import Text

from evergreen import dag_ids
from evergreen.errors import ServiceError
from evergreen.ledger.ledger import Ledger
from evergreen.sandbox.demo.options import DemoOptions
from evergreen.sandbox.demo.play import Play
from evergreen.sandbox.demo.report import closing_sentences, make_report, write_report
from evergreen.sandbox.demo.screen import Screen, open_console, open_screen, show_end
from evergreen.sandbox.demo.story import BatchStory
from evergreen.sandbox.demo.upstream import Upstream
from evergreen.sandbox.demo.watch import Watch
from evergreen.sandbox.services.home import clear
from evergreen.sandbox.services.stack import Stack
from evergreen.settings import Settings, project_root, read_settings
from evergreen.spec.loader import load_spec
from evergreen.web_addresses import PREFIX

MODEL = "flights"
DONE, TROUBLE, INTERRUPTED = 0, 1, 130
LOOK_SECONDS = 5.0


def run(options: DemoOptions) -> int:
    """Play the demo from a fresh home.

    Returns:
        Exit status: 0 done, 1 something went wrong (and was told), 130 interrupted before the end.

    Raises:
        EvergreenError: What was asked cannot be played; nothing was started.
    """
    settings = read_settings()
    console = open_console()
    upstream = _prepare(settings, options, console)
    stack = Stack(
        settings.home,
        project=project_root(),
        models_dir=settings.models_dir,
        dags=[*(dag_ids.dag_id(kind, MODEL) for kind in dag_ids.MODEL_KINDS), *dag_ids.SUITE],
        preferred_ports=True,
        prepare=_migrate,
        say=lambda sentence: console.print(Text(sentence), soft_wrap=True),
    )
    try:
        status = _perform(stack, upstream, options, console)
    except KeyboardInterrupt:
        console.print("interrupted")
        status = INTERRUPTED
    except ServiceError as err:
        console.print(Text(str(err), "red"), soft_wrap=True)
        console.print(f"logs are in {settings.home / 'logs'} and {settings.home / 'airflow/logs'}")
        status = TROUBLE
    return _check_end(stack, console, status)


def _prepare(settings: Settings, options: DemoOptions, console: Console) -> Upstream:
    if clear(settings.home):
        console.print(f"removed what an earlier run left in {settings.home}")
    console.print("reading the flights of 2013 and the weather")
    spec = load_spec(settings.models_dir / MODEL, home=settings.home).spec
    return Upstream.open(spec, settings.home, options)


def _migrate(stack: Stack) -> None:
    with Ledger(stack.ledger_url) as ledger:
        ledger.migrate()


def _perform(stack: Stack, upstream: Upstream, options: DemoOptions, console: Console) -> int:
    started = time.monotonic()
    with stack, Ledger(stack.ledger_url) as ledger:
        start_seconds = time.monotonic() - started
        console.print(_addresses(stack), soft_wrap=True)
        with open_screen(console) as screen:
            stories = _play(stack, upstream, options, ledger=ledger, screen=screen)
        report = make_report(
            stories,
            options,
            start_seconds=start_seconds,
            seconds=time.monotonic() - started,
        )
        write_report(report, options.report)
        show_end(console, stories, closing_sentences(stories))
        console.print(f"report: {options.report.resolve()}", soft_wrap=True)
        if not options.exit_when_done:
            console.print(_addresses(stack), soft_wrap=True)
            console.print("Ctrl-C stops everything", soft_wrap=True)
            _wait_for_ctrl_c(stack)
        console.print("stopping all services")
    return DONE


def _play(
    stack: Stack, upstream: Upstream, options: DemoOptions, *, ledger: Ledger, screen: Screen
) -> list[BatchStory]:
    play = Play(
        MODEL,
        upstream=upstream,
        ledger=ledger,
        api=stack.api,
        watch=Watch(stack, ledger, MODEL, screen),
        screen=screen,
        options=options,
    )
    return play.run()


def _wait_for_ctrl_c(stack: Stack) -> None:
    """Wait for Ctrl-C, which is the wanted end here; a service that dies ends the waiting too."""
    try:
        while True:
            stack.require_running()
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        return


def _addresses(stack: Stack) -> str:
    return (
        f"Airflow  {stack.airflow_url}   user {stack.username}, password {stack.password}\n"
        f"Models   {stack.airflow_url}{PREFIX}/models\n"
        f"MLflow   {stack.mlflow_url}\n"
        f"home     {stack.home}"
    )


def _check_end(stack: Stack, console: Console, status: int) -> int:
    left = stack.leftovers()
    if left:
        console.print(Text(f"still there after the end: {', '.join(left)}", "red"), soft_wrap=True)
        return status or TROUBLE
    console.print("all services are stopped; no process and no port is left")
    return status
