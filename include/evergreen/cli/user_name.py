"""The name of the user at the shell, for the ledger; it is not authenticated."""

import getpass
from typing import Annotated

import typer

from evergreen.errors import RequestError

LONGEST_NAME = 100

Who = Annotated[
    str, typer.Option("--as", metavar="WHO", help="Your name.", show_default="your login")
]


def name_of(asked: str) -> str:
    """Return the typed name on one line, else that of the login.

    Raises:
        RequestError: It is too long, or no name was typed and the machine knows none.
    """
    name = " ".join(asked.split()) or _login()
    if len(name) > LONGEST_NAME:
        raise RequestError(f"--as has {len(name)} characters; give at most {LONGEST_NAME}")
    return name


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as err:
        raise RequestError("this machine does not know your user name; add --as YOUR-NAME") from err
