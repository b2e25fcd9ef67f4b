"""The network of http.call: what is asked of it, and how long."""

import socket
import threading
from collections.abc import Sequence

import pytest

from webapp.operations.network import AddressRefused, Request, ServerAway, SystemNetwork, WebClient


class Hanging:
    """A network whose resolver never answers."""

    def __init__(self) -> None:
        self.is_over = threading.Event()

    def addresses(self, host: str, port: int) -> Sequence[str]:
        self.is_over.wait(120)
        return ()

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        raise AssertionError("nothing is connected to")


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    network = Hanging()
    client = WebClient(("https://slow.example.com",), network=network)

    with pytest.raises(ServerAway, match="did not answer within"):
        client.send(Request(method="GET", url="https://slow.example.com/", seconds=0.2))
    network.is_over.set()


def test_the_machine_s_own_network_leads_to_this_machine_for_nobody() -> None:
    client = WebClient(("https://localhost:1",), network=SystemNetwork())

    with pytest.raises(AddressRefused, match="only public addresses"):
        client.send(Request(method="GET", url="https://localhost:1/"))
