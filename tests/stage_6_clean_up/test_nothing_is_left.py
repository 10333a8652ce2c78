from canary_conformance.scenario.observations import ReplyKind
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, nothing, same
from fixtures.marks import requirement


@requirement("R6.1")
def test_no_object_and_no_volume_is_left(namespace: NamespaceUnderTest) -> None:
    expect(namespace.left_behind(), nothing("objects"))


@requirement("R6.1")
def test_nothing_answers_for_the_app_any_more(namespace: NamespaceUnderTest) -> None:
    reply = namespace.ingress_closed()
    expect(str(reply.kind), same(str(ReplyKind.REFUSED), "answer of the ingress"))


@requirement("R6.2")
def test_cluster_is_as_it_was_before(namespace: NamespaceUnderTest) -> None:
    expect(namespace.snapshot(), same(namespace.before, "objects"))
