import socket

from evergreen.sandbox.services.ports import LOOPBACK, listening, pick_ports


def listen() -> socket.socket:
    server = socket.create_server((LOOPBACK, 0))
    server.listen()
    return server


def test_ports_are_all_different() -> None:
    ports = pick_ports({"one": 0, "two": 0, "three": 0})

    assert len(set(ports.values())) == 3


def test_a_taken_port_gives_another() -> None:
    with listen() as server:
        taken = server.getsockname()[1]

        ports = pick_ports({"airflow": taken})

        assert ports["airflow"] != taken


def test_a_free_port_is_given_as_preferred() -> None:
    free = pick_ports({"any": 0})["any"]

    assert pick_ports({"airflow": free}) == {"airflow": free}


def test_listening_names_only_ports_that_answer() -> None:
    free = pick_ports({"any": 0})["any"]
    with listen() as server:
        taken = server.getsockname()[1]

        assert listening([free, taken]) == [taken]
