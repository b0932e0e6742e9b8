"""Files are found through the ledger, shown without rights, and never by a path that was asked."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from drivers.web_scene import BATCH, CANARY, OPEN, REPORT, Scene, take_in
from drivers.web_server import Web
from evergreen.web_addresses import PREFIX
from evergreen.workflows.ingest.quality_gate import docs_folder

CLIMBS = {
    "up": "../canary.html",
    "far up": "../" * 12 + "etc/passwd",
    "up, encoded": "..%2fcanary.html",
    "up, dots encoded": "%2e%2e/canary.html",
    "up, encoded twice": "%252e%252e%252fcanary.html",
    "backslashes": "..%5c..%5ccanary.html",
    "absolute": "/etc/passwd",
    "absolute, encoded": "%2fetc%2fpasswd",
    "scheme": "file:%2f%2f%2fetc%2fpasswd",
    "NUL": "canary.html%00",
    "NUL after an id": "0123456789abcdef%00.html",
    "newline after an id": "0123456789abcdef%0a",
    "sibling": "_old/canary.html",
    "file of the store": "canary.html",
    "template": "%7b%7b7*7%7d%7d",
    "overlong": "a" * 9000,
    "overlong encoding": "..%c0%af..%c0%afcanary.html",
}
ROOMS = ("reports", "data-docs", "static", "static/vendor", "decisions", "runbooks", "models")


def raw(web: Web, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask with the path as it stands; other clients tidy it up."""
    token = web.people["admin"]["good"]
    connection = http.client.HTTPConnection(urlsplit(web.url).netloc, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("climb", CLIMBS.values(), ids=CLIMBS.keys())
def test_no_path_leads_to_a_file(web: Web, climb: str) -> None:
    answers = [raw(web, f"{PREFIX}/{room}/{climb}") for room in ROOMS]
    answers.append(raw(web, f"{PREFIX}/data-docs/{OPEN}/{climb}"))

    for status, body, _ in answers:
        assert status in (400, 404)
        assert CANARY.encode() not in body
        assert b"root:" not in body


def test_a_link_in_the_store_leads_nowhere(scene: Scene) -> None:
    take_in(scene.ledger, OPEN, "2013-04-02")
    folder = scene.home / "store" / docs_folder(OPEN, "2013-04-02")
    folder.mkdir(parents=True)
    (folder / "index.html").symlink_to(scene.home / "canary.html")

    status, body, _ = raw(scene.web, f"{PREFIX}/data-docs/{OPEN}/2013-04-02")

    assert status == 503
    assert CANARY.encode() not in body


def test_a_report_may_show_itself_and_no_more(scene: Scene) -> None:
    status, body, headers = raw(scene.web, f"{PREFIX}/reports/{scene.known[OPEN].decision}")

    assert (status, body.decode()) == (200, REPORT)
    policy = {
        part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split(";")
    }
    assert policy["sandbox"] == ["allow-scripts"]
    assert policy["default-src"] == policy["form-action"] == ["'none'"]
    assert policy["script-src"] == ["'unsafe-inline'"]
    assert "connect-src" not in policy
    assert policy["frame-ancestors"] == ["'self'"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_data_docs_are_found_by_decision_and_by_batch(scene: Scene) -> None:
    by_decision = raw(scene.web, f"{PREFIX}/data-docs/{scene.known[OPEN].decision}")
    by_batch = raw(scene.web, f"{PREFIX}/data-docs/{OPEN}/{BATCH}")

    assert by_decision[:2] == by_batch[:2] == (200, b"<title>docs</title>")
    assert by_batch[2]["content-security-policy"].startswith("sandbox allow-scripts;")


def test_a_report_that_is_gone_is_told(scene: Scene) -> None:
    status, body, _ = raw(scene.web, f"{PREFIX}/data-docs/{OPEN}/2013-03-12")

    assert status == 404
    assert b"retention" in body


@pytest.mark.parametrize("path", ["/models", "/docs", "/api/models", "/no/such/page", "/metrics"])
def test_every_answer_has_a_strict_policy_and_is_not_kept(web: Web, path: str) -> None:
    _, _, headers = raw(web, f"{PREFIX}{path}", Accept="text/html")

    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_what_pages_are_made_of_is_asked_for_again_only_when_it_changed(web: Web) -> None:
    status, body, headers = raw(web, f"{PREFIX}/static/icon.svg")
    again = raw(web, f"{PREFIX}/static/icon.svg", **{"If-None-Match": headers["etag"]})

    assert (status, headers["content-type"]) == (200, "image/svg+xml")
    assert body.startswith(b"<svg")
    assert headers["cache-control"] == "private, max-age=300"
    assert again[:2] == (304, b"")


def test_what_is_named_with_its_hash_is_kept(web: Web) -> None:
    _, _, headers = raw(web, f"{PREFIX}/static/icon.svg?v=3e75a0de22")

    assert headers["cache-control"] == "private, max-age=31536000"


def test_a_flood_of_ranges_costs_one_answer(scene: Scene) -> None:
    ranges = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 4000, 2))

    for path in ("static/icon.svg", f"reports/{scene.known[OPEN].decision}"):
        flooded = raw(scene.web, f"{PREFIX}/{path}", Range=ranges)
        plain = raw(scene.web, f"{PREFIX}/{path}")
        assert flooded[:2] == plain[:2]


@pytest.mark.parametrize(
    "query",
    ["page_size=1000000000", "page=-1", "page=" + "9" * 40, "page_size=0x10", "query=" + "x" * 300],
    ids=lambda query: query[:20],
)
def test_a_page_has_a_bounded_size(web: Web, query: str) -> None:
    status, body, _ = raw(web, f"{PREFIX}/api/models?{query}")

    assert status == 422
    assert b"x" * 300 not in body


def test_a_very_long_address_is_refused_and_airflow_goes_on(web: Web) -> None:
    status, _, _ = raw(web, f"{PREFIX}/api/models?query={'x' * 60_000}")

    assert status in (400, 414, 422)
    assert raw(web, "/api/v2/version")[0] == 200


def test_airflow_answers_while_hundreds_read_reports(scene: Scene) -> None:
    path = f"{PREFIX}/reports/{scene.known[OPEN].decision}"

    with ThreadPoolExecutor(50) as readers:
        asked = [readers.submit(raw, scene.web, path) for _ in range(200)]
        version = raw(scene.web, "/api/v2/version")

    assert version[0] == 200
    assert {answer.result()[0] for answer in asked} == {200}
