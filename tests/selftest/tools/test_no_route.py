"""The command that runs the suite without a route to the node: its ways, its verdict, its relay."""

from __future__ import annotations

import os
import socket

import pytest

from canary_conformance.errors import BadInput
from tools.no_route import cut_off_network
from tools.no_route.__main__ import CLUSTER, settings
from tools.no_route.cut_off_network import CutOff, check_rights
from tools.no_route.loopback_relay import serving

LOOPBACK = "127.0.0.1"


def test_a_whole_run_comes_first_and_the_cluster_is_kept_for_the_next_ones() -> None:
    chosen, suite = settings([])
    assert suite.cluster_name == CLUSTER
    assert [(way.name, way.keep, way.tests == ("tests",)) for way in chosen] == [
        ("loopback", True, True),
        ("kept-with-route", True, False),
        ("kept-without", False, False),
        ("remote-engine", False, False),
    ]


def test_the_last_run_that_was_chosen_takes_the_cluster_away() -> None:
    chosen, _ = settings(["--short", "--only", "loopback", "--only", "kept-with-route"])
    assert [way.keep for way in chosen] == [True, False]
    kept, _ = settings(["--only", "loopback", "--keep-cluster"])
    assert [way.keep for way in kept] == [True]
    with pytest.raises(BadInput):
        settings(["--only", "by-post"])


def test_only_root_makes_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BadInput, match="run this command as root"):
        check_rights()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(cut_off_network, "find_program", lambda _: None)
    with pytest.raises(BadInput, match="unshare, nsenter, ip, iptables must be on PATH"):
        check_rights()


def test_a_command_is_run_in_the_namespace_of_its_holder() -> None:
    assert CutOff(7).words(["ls"]) == ["nsenter", "--net=/proc/7/ns/net", "--", "ls"]


def test_the_relay_passes_on_what_comes_and_how_it_ends() -> None:
    def echo(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100).upper())

    with socket.create_server((LOOPBACK, 0)) as there, socket.create_server((LOOPBACK, 0)) as here:
        port = there.getsockname()[1]

        def lead(_: socket.socket) -> socket.socket:
            return socket.create_connection((LOOPBACK, port))

        with serving(here, lead), socket.create_connection(here.getsockname(), timeout=5) as client:
            client.sendall(b"vote")
            echo(there)
            assert client.recv(100) == b"VOTE"
            assert client.recv(100) == b""
