"""A network namespace of our own, in which packets to the nodes of clusters vanish.

The container engine's socket is a file and answers there; ports that it maps are reached on loopback, by a
relay, or at the end of a link to this machine. Nothing of the machine's own network is changed but for that
link, which goes with the namespace.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.processes import find_program, run
from canary_conformance.timeouts import LIMITS
from tools.no_route.loopback_relay import LOOPBACK, PORT, relaying

NEEDED = ("unshare", "nsenter", "ip", "iptables")
# RFC 5737: addresses that are nobody's.
_OWN_ADDRESS = "198.51.100.2/24"


class CutOff:
    """The namespace, as long as the process that holds it lives."""

    def __init__(self, holder: int) -> None:
        """Name the process that is in it."""
        self.holder = holder

    @property
    def file(self) -> Path:
        """The file of the namespace (namespaces(7))."""
        return Path(f"/proc/{self.holder}/ns/net")

    def words(self, command: list[str]) -> list[str]:
        """Return a command that runs another one in it."""
        return ["nsenter", f"--net={self.file}", "--", *command]

    def run(self, *command: str) -> None:
        """Run a command in it. Raises CommandFailed."""
        run(self.words(list(command)), limit=LIMITS.command)


def check_rights() -> None:
    """Raise BadInput where no network namespace can be made here."""
    if os.geteuid() != 0:
        raise BadInput("only root can make a network namespace: run this command as root")
    if missing := [name for name in NEEDED if find_program(name) is None]:
        raise BadInput(
            f"{', '.join(missing)} must be on PATH: run `apt-get install util-linux iproute2 iptables`"
        )


@contextlib.contextmanager
def cut_off() -> Iterator[CutOff]:
    """Yield a network namespace with loopback, whose ports are this machine's, and a route into nowhere.

    Raises CommandFailed, EnvironmentFailed.
    """
    # It waits for an input that never comes, and ends with this process.
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        made = CutOff(holder.pid)
        try:
            _lead_nowhere(made)
            with relaying(made.file):
                yield made
        finally:
            holder.kill()


def _lead_nowhere(made: CutOff) -> None:
    """Give the namespace a default route on which nothing answers, not even that there is no route."""
    made.run("ip", "link", "set", "lo", "up")
    made.run("ip", "link", "add", "away", "type", "veth", "peer", "name", "nowhere")
    made.run("ip", "address", "add", _OWN_ADDRESS, "dev", "away")
    made.run("ip", "link", "set", "away", "arp", "off", "up")
    made.run("ip", "link", "set", "nowhere", "up")
    made.run("ip", "route", "add", "default", "dev", "away")
    redirect = ("-j", "REDIRECT", "--to-ports", str(PORT))
    made.run("iptables", "-t", "nat", "-A", "OUTPUT", "-o", "lo", "-p", "tcp", "-d", LOOPBACK, *redirect)
