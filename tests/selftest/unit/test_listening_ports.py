"""Listening ports read from excerpts of a pod's /proc/net/tcp."""

from canary_conformance.cluster.listening_ports import read_listening

HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def row(number: int, local: str, state: str = "0A") -> str:
    remote = "0" * len(local.partition(":")[0])
    return f"   {number}: {local} {remote}:0000 {state} 00000000:00000000 00:00000000 00000000  1337\n"


def test_a_port_of_every_address_and_of_the_pods_own_counts() -> None:
    sockets = HEADING + row(0, "00000000:3A9E") + row(1, "6B00F40A:0CEA") + row(12, f"{'0' * 32}:1F90")
    assert read_listening(sockets) == {15006, 3306, 8080}


def test_the_loopback_and_open_connections_do_not_count() -> None:
    sockets = row(0, "0100007F:3A98") + row(1, "6B00F40A:8D7A", "01") + row(2, f"{'0' * 24}01000000:1F91")
    sockets += row(3, f"{'0' * 16}FFFF00000100007F:1F92")
    assert read_listening(sockets) == frozenset()
