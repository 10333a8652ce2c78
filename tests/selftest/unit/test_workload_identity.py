"""The identities of a leg's ends, from the certificates of real proxies, and from twins made wrong."""

import json

import pytest

from canary_conformance.mesh.tls.envoy_config import DumpIncomplete, read_config
from canary_conformance.mesh.tls.tls_table import ServingPod, TlsLeg
from canary_conformance.mesh.tls.transport_sockets import SanMatcher, SanRule
from canary_conformance.mesh.tls.workload_identity import LegIdentity, leg_identities, workload_ids
from tests.selftest.dumps import dump

VOTING = "spiffe://cluster.local/ns/voting/sa/default"
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
CLIENT, SERVER = "voting-app-1-0", "voting-analytics-1-1"


def identity(ids: dict[str, list[str]], *, old: str = "", new: str = "", sidecar: bool = True) -> LegIdentity:
    """The one identity of app 1.0 -> analytics 1.1, with a text replaced in the client's dump."""
    client = json.loads(json.dumps(dump("stage-3-app-1-0")).replace(old, new))
    config = read_config(dump("stage-3-analytics-1-1")) if sidecar else None
    leg = TlsLeg(CLIENT, "voting-analytics.voting.svc.cluster.local", 8080)
    server = ServingPod(SERVER, "voting", "10.244.0.11", {}, config)
    (found,) = leg_identities(leg, read_config(client), ["10.96.112.121"], [server], ids)
    return found


def test_a_proxy_has_the_id_of_its_service_account() -> None:
    assert workload_ids(dump("stage-3-app-1-0", "certs")) == (VOTING,)
    assert workload_ids(dump("stage-3-ingressgateway", "certs")) == (GATEWAY,)


def test_ids_of_issuers_and_of_other_kinds_are_not_the_proxys_own() -> None:
    own = {"subject_alt_names": [{"dns": "voting"}, {"uri": "https://voting"}, {"uri": "spiffe://own"}]}
    issuer = {"subject_alt_names": [{"uri": "spiffe://issuer"}]}
    certs = {"certificates": [{"cert_chain": [own, issuer]}, {"ca_cert": [issuer]}, {"cert_chain": []}]}
    assert workload_ids(certs) == ("spiffe://own",)
    assert workload_ids({"certificates": []}) == ()


def test_another_answer_is_no_list_of_certificates() -> None:
    with pytest.raises(DumpIncomplete, match="/certs"):
        workload_ids({"configs": []})


def test_both_ends_have_the_identity_that_the_other_insists_on() -> None:
    found = identity({CLIENT: [VOTING], SERVER: [VOTING]})
    assert found.problems == ()
    assert (found.pod, found.client_ids, found.server_ids) == (SERVER, (VOTING,), (VOTING,))
    assert [str(one) for one in found.client_insists] == [VOTING]
    assert [str(one) for one in found.server_insists] == ["prefix spiffe://cluster.local/"]


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        ({CLIENT: [VOTING], SERVER: [GATEWAY]}, f"the server is {GATEWAY}, the client insists on {VOTING}"),
        (
            {CLIENT: ["spiffe://elsewhere/ns/voting/sa/default"], SERVER: [VOTING]},
            "the client is spiffe://elsewhere/ns/voting/sa/default, "
            "the server insists on prefix spiffe://cluster.local/",
        ),
        ({CLIENT: [VOTING]}, "the server has 0 identities, not one"),
        (
            {CLIENT: [VOTING, GATEWAY], SERVER: [VOTING]},
            f"the client has 2 identities, not one: {VOTING}, {GATEWAY}",
        ),
    ],
)
def test_an_end_with_another_identity_is_a_problem(ids: dict[str, list[str]], problem: str) -> None:
    (found,) = identity(ids).problems
    assert found.endswith(f": {problem}")
    assert found.startswith(
        f"{CLIENT} -> voting-analytics.voting.svc.cluster.local:8080 (outbound|8080|v1-1|"
    )


def test_a_client_that_accepts_any_server_is_a_problem() -> None:
    found = identity({CLIENT: [VOTING], SERVER: [VOTING]}, old="match_subject_alt_names", new="unread")
    assert [one.rpartition(": ")[2] for one in found.problems] == ["the client insists on no identity"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"ROOTCA"', '"somebody-elses"'),
        (
            '"default_validation_context": {',
            '"default_validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED", ',
        ),
        ('"default_validation_context": {', '"default_validation_context": {"trusted_ca": {}, '),
    ],
)
def test_a_name_in_a_certificate_that_anyone_may_have_signed_is_a_problem(old: str, new: str) -> None:
    found = identity({CLIENT: [VOTING], SERVER: [VOTING]}, old=old, new=new)
    assert [one.rpartition(": ")[2] for one in found.problems] == ["the client insists on no identity"]


def test_the_newer_field_of_the_client_is_read_too() -> None:
    old = json.dumps({"match_subject_alt_names": [{"exact": VOTING}]})
    new = json.dumps({"match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"exact": VOTING}}]})
    assert identity({CLIENT: [VOTING], SERVER: [VOTING]}, old=old, new=new).problems == ()


def test_a_server_without_a_sidecar_has_no_identity() -> None:
    problems = [one.rpartition(": ")[2] for one in identity({CLIENT: [VOTING]}, sidecar=False).problems]
    assert problems == ["the server insists on no identity", "the server has 0 identities, not one"]


@pytest.mark.parametrize(
    ("rule", "value", "accepted"),
    [
        (SanRule.EXACT, VOTING, True),
        (SanRule.EXACT, VOTING.upper(), False),
        (SanRule.PREFIX, "spiffe://cluster.local/", True),
        (SanRule.PREFIX, "cluster.local/", False),
        (SanRule.SUFFIX, "/sa/default", True),
        (SanRule.CONTAINS, "/ns/voting/", True),
        (SanRule.CONTAINS, "/ns/other/", False),
        (SanRule.REGEX, "spiffe://.*/sa/default", True),
        (SanRule.REGEX, "spiffe://.*/sa/def", False),
    ],
)
def test_names_are_compared_as_envoy_compares_them(rule: SanRule, value: str, *, accepted: bool) -> None:
    assert SanMatcher(rule, value).accepts(VOTING) is accepted


def test_case_is_ignored_only_on_request() -> None:
    assert SanMatcher(SanRule.EXACT, VOTING.upper(), ignore_case=True).accepts(VOTING)
    assert not SanMatcher(SanRule.EXACT, VOTING.upper()).accepts(VOTING)
