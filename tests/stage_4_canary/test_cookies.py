import pytest

from canary_conformance.scenario.observations import with_cookie
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import (
    expect,
    matrix,
)
from canary_conformance.voting.cookie_matrix import versions_by_cookie, versions_by_header, with_flag_in
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING, OTHER_HEADERS
from canary_conformance.voting.page_checks import routed_to
from fixtures.marks import requirement

pytestmark = pytest.mark.routing


@requirement("R4.5")
def test_the_flag_opens_2_0_wherever_it_stands(namespace: NamespaceUnderTest) -> None:
    seen = namespace.once("opening cookies", lambda: versions_by_cookie(namespace.voter, OPENING))
    expect(seen, matrix(dict.fromkeys(OPENING, routed_to("2.0")), "cookies", sent=with_cookie))


@requirement("R4.5")
@pytest.mark.usefixtures("mysql_restarts")
def test_near_misses_stay_on_1_0(namespace: NamespaceUnderTest) -> None:
    seen = namespace.once("near misses", lambda: versions_by_cookie(namespace.voter, NEAR_MISSES))
    expect(seen, matrix(dict.fromkeys(NEAR_MISSES, routed_to("1.0")), "cookies", sent=with_cookie))


@requirement("R4.5")
@pytest.mark.usefixtures("mysql_restarts")
def test_the_flag_in_another_header_opens_nothing(namespace: NamespaceUnderTest) -> None:
    seen = namespace.once("other headers", lambda: versions_by_header(namespace.voter, OTHER_HEADERS))
    expect(seen, matrix(dict.fromkeys(OTHER_HEADERS, routed_to("1.0")), "headers", sent=with_flag_in))
