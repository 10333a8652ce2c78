"""How this machine reaches a node is found out by trying: only the cluster's own API server counts."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from canary_conformance.cluster import host_reach
from canary_conformance.cluster.base import Address, Openings, Port
from canary_conformance.cluster.host_reach import HostReach, gateway_ports, reach_of
from canary_conformance.mesh.base import Gateway
from canary_conformance.processes import find_program
from canary_conformance.timeouts import Timeouts

LOOPBACK = "127.0.0.1"
OPENINGS = Openings((Port(LOOPBACK, 40001, "6443/tcp"), Port(LOOPBACK, 40002, "32381/tcp")), ())
with_openssl = pytest.mark.skipif(find_program("openssl") is None, reason="this machine has no openssl")


def certificate(folder: Path, name: str, address: str) -> Path:
    """Make a certificate that signs itself, with its key in the same file."""
    file = folder / f"{name}.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-keyout", str(file), "-out", f"{file}.crt", "-days", "1", "-subj", f"/CN={name}"]
    subprocess.run([*words, "-addext", f"subjectAltName=IP:{address}"], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def kubeconfig(folder: Path, trusted: Path) -> Path:
    authority = base64.b64encode(Path(f"{trusted}.crt").read_bytes()).decode()
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump({"clusters": [{"cluster": {"certificate-authority-data": authority}}]}))
    return file


@contextmanager
def api_server(monkeypatch: pytest.MonkeyPatch, shown: Path) -> Iterator[None]:
    """Listen on loopback with a certificate until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    with socket.create_server((LOOPBACK, 0)) as listening:
        monkeypatch.setattr(host_reach, "API_PORT", listening.getsockname()[1])

        def answer() -> None:
            connection, _ = listening.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


@with_openssl
def test_the_clusters_own_api_server_proves_a_route(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = certificate(tmp_path, "own", LOOPBACK)
    with api_server(monkeypatch, own):
        reach = reach_of(LOOPBACK, OPENINGS, kubeconfig(tmp_path, own))
    assert reach.routed
    assert reach.address(32381) == Address(LOOPBACK, 32381)
    assert not reach.lacks(100)


@with_openssl
@pytest.mark.parametrize(("trusts", "address"), [("another", LOOPBACK), ("own", "192.0.2.1")])
def test_another_machine_of_the_same_address_proves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusts: str, address: str
) -> None:
    """The engine of another host has the same networks as the one here."""
    made = {name: certificate(tmp_path, name, address) for name in ("own", "another")}
    with api_server(monkeypatch, made["own"]):
        reach = reach_of(LOOPBACK, OPENINGS, kubeconfig(tmp_path, made[trusts]))
    assert not reach.routed
    assert reach.address(32381) == Address(LOOPBACK, 40002, behind=Address(LOOPBACK, 32381))


@with_openssl
def test_an_address_that_swallows_packets_is_given_up_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path, "own", LOOPBACK)
    monkeypatch.setattr(host_reach, "LIMITS", Timeouts(node_route=0.05))
    with socket.create_server((LOOPBACK, 0)) as silent:
        monkeypatch.setattr(host_reach, "API_PORT", silent.getsockname()[1])
        assert not reach_of(LOOPBACK, OPENINGS, kubeconfig(tmp_path, own)).routed


def test_without_a_route_only_mapped_ports_are_reached() -> None:
    reach = HostReach("10.0.0.9", routed=False, mapped={gateway_ports(1)[0]: Address(LOOPBACK, 40002)})
    assert reach.address(30080) is None
    assert not reach.lacks(1)
    assert reach.lacks(2)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        (Address("10.0.0.9", 32381), "10.0.0.9:32381, where this machine has a route to it"),
        (
            Address("::1", 40002, behind=Address("10.0.0.9", 32381)),
            "by [::1]:40002 on this machine, which has no route to 10.0.0.9:32381",
        ),
    ],
)
def test_the_header_says_how_the_gateway_is_reached(address: Address, line: str) -> None:
    assert Gateway("istio-system", "ingress", address, {}).reached() == line
