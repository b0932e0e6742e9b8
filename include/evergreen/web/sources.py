"""Where pages, API and actions get what they show: one ledger for the life of the API server."""

from functools import cache

from evergreen.ledger.ledger import Ledger
from evergreen.settings import read_settings


def open_ledger() -> Ledger:
    """Give the ledger of this installation; its connections are kept and shared by all requests.

    Raises:
        LedgerError: Its address cannot be understood.
    """
    return _ledger(read_settings().ledger_url)


@cache
def _ledger(url: str) -> Ledger:
    return Ledger(url)
