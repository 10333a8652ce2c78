"""What holds from the lock on, at stages 3, 4 and 5: one sentence each, for the tests of every stage."""

from __future__ import annotations

from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, matrix, refused_by_reset, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.voting.mutual_tls import TlsView, expected_legs, required_table, tls_view


def tls_of(namespace: NamespaceUnderTest) -> TlsView:
    """Return what the proxies of all legs run at this stage; taken once."""
    return namespace.once("tls", lambda: tls_view(namespace))


def expect_mutual_tls_on_every_leg(namespace: NamespaceUnderTest) -> None:
    """Expect every leg of the stage in the table, mutual by the policy and a rule of its host."""
    view = tls_of(namespace)
    expect([str(row.leg) for row in view.rows], same(expected_legs(namespace), "legs"))
    expect(view.table(), same(required_table(namespace, view), "legs"))


def expect_proved_identities(namespace: NamespaceUnderTest) -> None:
    """Expect the certificates of both ends of every leg to prove who they are."""
    identities = tls_of(namespace).identities
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in identities}
    expect(seen, matrix(dict.fromkeys(seen or ["any leg"], exactly("proved")), "ends of legs"))


def expect_refused_plaintext(namespace: NamespaceUnderTest) -> None:
    """Expect a plaintext call to each port of each pod to be refused."""
    calls = [call for call, _ in namespace.plain_calls()]
    expect(namespace.plaintext(), matrix(dict.fromkeys(calls, refused_by_reset), "plaintext connections"))
