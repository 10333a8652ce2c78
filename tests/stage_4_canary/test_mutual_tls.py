from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.locked_traffic import (
    expect_mutual_tls_on_every_leg,
    expect_proved_identities,
    expect_refused_plaintext,
)
from canary_conformance.voting.undeclared_ports import expect_refused_plaintext_at_undeclared_ports
from fixtures.marks import requirement


@requirement("R4.10")
def test_mutual_tls_on_the_new_legs_too(namespace: NamespaceUnderTest) -> None:
    expect_mutual_tls_on_every_leg(namespace)


@requirement("R4.10")
def test_both_ends_of_the_new_legs_are_who_they_say(namespace: NamespaceUnderTest) -> None:
    expect_proved_identities(namespace)


@requirement("R4.10")
def test_plaintext_is_refused_at_the_new_ports_too(namespace: NamespaceUnderTest) -> None:
    expect_refused_plaintext(namespace)


@requirement("R4.10")
def test_plaintext_is_refused_at_ports_that_no_container_declares(namespace: NamespaceUnderTest) -> None:
    expect_refused_plaintext_at_undeclared_ports(namespace)
