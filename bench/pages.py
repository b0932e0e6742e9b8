"""Measure the list of models: part of ``make bench``, or ``python -m bench.pages full``.

A ledger on SQLite and one on PostgreSQL are filled with models and their decisions. Measured are
what is read for one page of the list, and the real application in this process with a user who may
read all: the page as HTML, and the same as JSON. Every request asks for another page, state or
search. Progress goes to stderr, the table to stdout, all single runs to the JSON file.
"""

import argparse
import contextlib
import itertools
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from bench.pages_page import print_report
from bench.seeding import fill_ledger, running_ledger, write_specs

Json = dict[str, Any]

SEARCHES: tuple[Json, ...] = (
    {},
    {"page": 2},
    {"query": "team-3"},
    {"state": "drifting"},
    {"page": 7},
    {"query": "model_0"},
    {"state": "fresh", "page": 3},
)


class Plan(NamedTuple):
    """How much one mode writes and asks."""

    n_models: int
    n_decisions: int
    n_requests: int


PLANS = {
    "full": Plan(n_models=1000, n_decisions=100_000, n_requests=60),
    "quick": Plan(n_models=1000, n_decisions=20_000, n_requests=20),
    "tiny": Plan(n_models=20, n_decisions=200, n_requests=3),
}


def main() -> None:
    """Run one mode, print its table and write its JSON."""
    options = _options()
    plan = PLANS[options.mode]
    report: Json = {"mode": options.mode, **plan._asdict(), "backends": {}}
    report["cores"] = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="evergreen-bench-", dir=options.folder) as folder:
        home = Path(folder)
        names = write_specs(home / "models", plan.n_models)
        for backend in options.backends:
            with _installed(home, backend) as ledger_url:
                _say(f"{backend}: writing {plan.n_decisions:,} decisions")
                before = time.perf_counter()
                n_written = fill_ledger(ledger_url, names, n_decisions=plan.n_decisions)
                seconds = time.perf_counter() - before
                found = {"n_decisions": n_written, "fill_seconds": seconds}
                report["backends"][backend] = found | _measure(backend, plan)
            options.json.write_text(json.dumps(report, indent=2) + "\n")
    print_report(report, sys.stdout)
    _say(f"written to {options.json}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("mode", nargs="?", default="full", choices=sorted(PLANS))
    parser.add_argument("--json", type=Path, default=Path("bench-pages.json"))
    parser.add_argument("--folder", type=Path, default=None, help="scratch; full needs 3 GB")
    parser.add_argument("--backends", nargs="+", default=("sqlite", "postgresql"))
    return parser.parse_args()


@contextlib.contextmanager
def _installed(home: Path, backend: str) -> Iterator[str]:
    """Let the environment name an installation with a ledger of its own; give the ledger's URL."""
    with running_ledger(home, backend) as ledger_url:
        environment = {
            "AIRFLOW_HOME": str(home / "airflow"),
            "EVERGREEN_HOME": str(home),
            "EVERGREEN_MODELS_DIR": str(home / "models"),
            "EVERGREEN_LEDGER_URL": ledger_url,
        }
        with patch.dict(os.environ, environment):
            yield ledger_url


def _measure(backend: str, plan: Plan) -> Json:
    """Ask for pages, one after another; the first, which reads the specs, is told by itself."""
    # Imported here, because Airflow looks for its home when it is first imported.
    from bench.standin import logged_in

    from evergreen.web.queries.models_list import models_page
    from evergreen.web.server.services import open_services

    logging.getLogger("httpx").setLevel(logging.WARNING)
    services = open_services()
    first = _timed(services.specs.read_all)
    visible = frozenset(services.specs.names())
    asked = itertools.cycle(SEARCHES)
    found: Json = {"specs_seconds": first}
    _say(f"{backend}: reading pages, {plan.n_requests} times each")
    with logged_in() as client:

        def get(path: str) -> None:
            answer = client.get(path, params=next(asked))
            answer.raise_for_status()

        steps: dict[str, Callable[[], object]] = {
            "reads": lambda: models_page(services, visible, **next(asked)),
            "page": lambda: get("/models"),
            "json": lambda: get("/api/models"),
            "metrics": lambda: client.get("/metrics").raise_for_status(),
        }
        for name, step in steps.items():
            step()
            before = time.process_time()
            found[name] = [_timed(step) for _ in range(plan.n_requests)]
            found[f"{name}_cpu"] = (time.process_time() - before) / plan.n_requests
    return found | {"load": os.getloadavg()[0]}


def _timed(step: Callable[[], object]) -> float:
    before = time.perf_counter()
    step()
    return time.perf_counter() - before


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
