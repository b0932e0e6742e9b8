"""Free TCP ports of this machine."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
CONNECT_SECONDS = 0.5


def pick_ports(preferred: Mapping[str, int]) -> dict[str, int]:
    """Return one free port per name, all different: the preferred one, or another if it is taken.

    Args:
        preferred: Name to preferred port; 0 for any.
    """
    with ExitStack() as held:
        return {name: _hold(held, port) for name, port in preferred.items()}


def listening(ports: Iterable[int]) -> list[int]:
    """Return those of the ports on which somebody listens, sorted."""
    return sorted(port for port in set(ports) if _answers(port))


def _hold(held: ExitStack, port: int) -> int:
    probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is fine
    try:
        probe.bind((LOOPBACK, port))
    except OSError:
        if not port:
            raise
        return _hold(held, 0)
    return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(CONNECT_SECONDS)
        return client.connect_ex((LOOPBACK, port)) == 0
