"""Who gives an order from a shell: a name for the ledger, which proves nothing."""

import getpass
from typing import Annotated

import typer

from evergreen.errors import RequestError

LONGEST_NAME = 100

Who = Annotated[
    str, typer.Option("--as", metavar="WHO", help="Your name.", show_default="your login")
]


def name_of(asked: str) -> str:
    """Return the name that was typed, in one line, else that of the login.

    Raises:
        RequestError: It is too long, or nothing was typed and the machine knows no name.
    """
    name = " ".join(asked.split()) or _login()
    if len(name) > LONGEST_NAME:
        raise RequestError(f"--as has {len(name)} characters, at most {LONGEST_NAME}")
    return name


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as err:
        raise RequestError("this machine does not know who you are; add --as YOUR-NAME") from err
