from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, matrix, refused_by_reset, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.voting.mutual_tls import expected_legs, required_table, tls_view
from fixtures.marks import requirement


@requirement("R4.10")
def test_mutual_tls_on_the_new_legs_too(namespace: NamespaceUnderTest) -> None:
    view = namespace.once("tls", lambda: tls_view(namespace))
    expect([str(row.leg) for row in view.rows], same(expected_legs(namespace), "legs"))
    expect(view.table(), same(required_table(namespace, view), "legs"))


@requirement("R4.10")
def test_both_ends_of_the_new_legs_are_who_they_say(namespace: NamespaceUnderTest) -> None:
    identities = namespace.once("tls", lambda: tls_view(namespace)).identities
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in identities}
    expect(seen, matrix(dict.fromkeys(seen or ["any leg"], exactly("proved")), "ends of legs"))


@requirement("R4.10")
def test_plaintext_is_refused_at_the_new_ports_too(namespace: NamespaceUnderTest) -> None:
    expect(
        namespace.plaintext(),
        matrix({call: refused_by_reset for call, _ in namespace.plain_calls()}, "plaintext connections"),
    )
