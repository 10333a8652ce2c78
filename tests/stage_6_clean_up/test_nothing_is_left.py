from canary_conformance.stages.closed_ingress import INGRESS
from canary_conformance.stages.cluster_snapshot import compared
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import closed, expect, matrix, nothing, same
from fixtures.marks import requirement


@requirement("R6.1")
def test_no_object_and_no_volume_is_left(namespace: NamespaceUnderTest) -> None:
    expect(namespace.left_behind(), nothing("objects"))


@requirement("R6.1")
def test_nothing_answers_for_the_app_any_more(namespace: NamespaceUnderTest) -> None:
    seen = namespace.ingress_closed()
    expect(seen, matrix(dict.fromkeys([INGRESS, *seen], closed), "ways in after the clean-up"))


@requirement("R6.2")
def test_cluster_is_as_it_was_before(namespace: NamespaceUnderTest) -> None:
    expect(namespace.snapshot(), same(namespace.before, compared(namespace.setting)))
