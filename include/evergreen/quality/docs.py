"""Data Docs: Great Expectations' own page about one gate run, as one file that needs no network.

Great Expectations writes values of the data into its page unescaped, and the page loads scripts
and a tracking image from other sites. Here every text of the data and of the rules is escaped
before it is rendered, and only the page's body is kept: no script, no remote address, a strict CSP.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evergreen.errors import GateError, StorageError
from evergreen.quality.frames import FrameFacts, obstacle
from evergreen.quality.gate import judge
from evergreen.quality.rules import Rule
from evergreen.records import Window
from evergreen.spec.model import ModelSpec

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core import ExpectationValidationResult

PAGE = "index.html"
CSP = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; background: #fff; margin: 2rem auto;
       max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border: 1px solid #c9d1d9; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #f0f3f6; }
td table { width: auto; margin: .4rem 0 0; }
h5 { font-size: 1.15rem; margin: 1.5rem 0 .3rem; }
h6 { font-size: 1rem; margin: .8rem 0 .2rem; display: inline; }
.badge { background: #e7ecf1; border-radius: .3rem; padding: 0 .35rem; font-family: monospace; }
.text-danger { color: #b42318; }
.fa-times::before { content: "not met"; font-weight: 600; }
.fa-check-circle::before { content: "met"; font-weight: 600; color: #1a7f37; }
.fa-exclamation-triangle::before { content: "not run"; font-weight: 600; color: #9a6700; }
.collapse { display: none; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; }
  th, .badge { background: #21262d; }
  th, td { border-color: #444c56; }
  .text-danger { color: #ff7b72; } .fa-check-circle::before { color: #56d364; }
}
"""


def render_data_docs(
    frame: "pd.DataFrame",
    spec: ModelSpec,
    expectations: Sequence[Mapping[str, Any]],
    out_dir: str | Path,
    *,
    window: Window,
) -> Path:
    """Write the Data Docs of one gate run and return the page's path, ``<out_dir>/index.html``.

    Off the critical path: it runs the suite once more, and its failure changes no verdict.

    Args:
        frame: The batch, as ``run_gate`` takes it.
        spec: The model.
        expectations: Entries of its ``expectations.json``.
        out_dir: Folder of the page; made if it is not there.
        window: The period that the batch stands for.

    Raises:
        GateError: The gate, or the renderer, broke.
        StorageError: The page could not be written.
    """
    rules, facts, judged = judge(frame, spec, expectations, window)
    results = [_for_page(rule, facts, judged.get(i)) for i, rule in enumerate(rules)]
    title = f"Data quality of {spec.name}, {window}"
    return _write(Path(out_dir), _page(title, _body(spec.name, results)))


def _for_page(
    rule: Rule, facts: FrameFacts, judged: "ExpectationValidationResult | None"
) -> "ExpectationValidationResult":
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration = ExpectationConfiguration(type=rule.type, kwargs=_escaped(dict(rule.kwargs)))
    if judged is not None:
        return ExpectationValidationResult(
            success=judged.success,
            expectation_config=configuration,
            result=_renderable(judged.result or {}),
        )
    why = {"exception_message": f"not run: {obstacle(rule, facts)}", "exception_traceback": ""}
    return ExpectationValidationResult(
        success=False,
        expectation_config=configuration,
        exception_info={**why, "raised_exception": True},
    )


def _body(name: str, results: "list[ExpectationValidationResult]") -> str:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    counts = calc_validation_statistics(results)
    whole = ExpectationSuiteValidationResult(
        success=counts.success,
        results=results,
        suite_name=name,
        statistics=counts._asdict(),
        meta={},
    )
    try:
        document = ValidationResultsPageRenderer().render(whole)
        view: Any = DefaultJinjaPageView()  # its methods have no types
        html: str = view.render(document, template="page_minimal.j2")
    except Exception as err:  # the renderers raise any error of their templates
        raise GateError(
            f"Great Expectations could not draw its page: {type(err).__name__}: {err}"
        ) from err
    return html[html.index("<body>") + len("<body>") : html.rindex("</body>")]


def _page(title: str, body: str) -> str:
    inert = re.sub(r"<script\b.*?</script>", "", body, flags=re.DOTALL | re.IGNORECASE)
    folded = re.sub(r'<a data-toggle="collapse".*?</a>', "", inert, flags=re.DOTALL)
    local = re.sub(r'\s(?:href|src)="[^"]*"', "", folded)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CSP}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{local}</body></html>\n"
    )


def _renderable(result: Mapping[str, Any]) -> dict[str, Any]:
    """Escape the result; leave out a count without its share, which makes the renderer fail."""
    stumbles = "unexpected_count" in result and "unexpected_percent" not in result
    kept = {key: item for key, item in result.items() if not stumbles or key != "unexpected_count"}
    return dict(_escaped(kept))


def _escaped(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()  # the renderer refuses numpy's numbers
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_escaped(item) for item in value]
    return value


def _write(folder: Path, html: str) -> Path:
    page = folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = page.with_suffix(".tmp")
        draft.write_text(html, encoding="utf-8")
        draft.replace(page)
    except OSError as err:
        raise StorageError(
            f"cannot write {page}: {err.strerror or err}; check free space and the folder's owner"
        ) from err
    return page
