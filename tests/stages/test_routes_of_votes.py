from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.vote_samples import WITH_THE_FLAG, WITHOUT_THE_FLAG, expect_counted, votes_of
from fixtures.marks import at_stages


@at_stages({1: "R1.7", 4: ("R4.3", "R4.7"), 5: ("R5.1", "R5.4")})
def test_every_vote_without_the_flag_is_counted_once_by_the_version_in_charge(
    namespace: NamespaceUnderTest, stage: int
) -> None:
    expect_counted(votes_of(namespace, WITHOUT_THE_FLAG), {1: "1.0", 4: "1.0", 5: "2.0"}[stage])


@at_stages({1: "R1.7", 4: ("R4.4", "R4.7"), 5: ("R5.1", "R5.4")})
def test_every_vote_with_the_flag_is_counted_once_by_the_version_in_charge(
    namespace: NamespaceUnderTest, stage: int
) -> None:
    """Before the canary the flag makes no difference, and after it neither."""
    expect_counted(votes_of(namespace, WITH_THE_FLAG), {1: "1.0", 4: "2.0", 5: "2.0"}[stage])
