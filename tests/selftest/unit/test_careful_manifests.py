"""What careful teams add to the scenario's manifests is judged and holds; its wrong neighbours do not."""

import base64

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged
from tests.selftest.manifest_files import LAST, LOCK, UPDATE

POLICY = "  trafficPolicy:\n"
OPAQUE = "type: Opaque\n"
AGAIN = """\
---
apiVersion: v1
kind: Secret
metadata:
  name: voting-storage-secret
  labels:
    app: voting-storage
type: Opaque
immutable: {immutable}
data:
  MYSQL_USER: {user}
  MYSQL_PASSWORD: {password}
  MYSQL_DATABASE: {user}
  MYSQL_ROOT_PASSWORD: {root}
"""


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def once_more(user: str, immutable: str = "true") -> dict[str, bytes]:
    """The manifests with the Secret marked as immutable, and applied again at the end of its file."""
    on = changed(LAST, OPAQUE, f"{OPAQUE}immutable: true\n")
    again = AGAIN.format(
        immutable=immutable,
        user=coded(user),
        password=coded("sample-password-of-the-voting-app"),
        root=coded("sample-password-of-root"),
    )
    return {LAST: on[LAST].rstrip() + b"\n" + again.encode()}


def refusals(overlay: dict[str, bytes]) -> list[str]:
    """What R0.1's tests say of a change that the mark refuses; the lists of objects fail anyway."""
    words = [one.words for one in results_of(overlay) if "R0.1" in one.requirements and not one.held]
    assert words
    return [text for text in words if "Secret/voting-storage-secret is immutable since" in text]


@pytest.mark.parametrize(
    "overlay",
    [
        changed(LAST, OPAQUE, f"{OPAQUE}immutable: true\n"),
        changed(UPDATE, "  labels:\n", "  annotations: {config.kubernetes.io/origin: a.yaml}\n  labels:\n"),
        changed(LOCK, POLICY, f"{POLICY}    connectionPool: {{http: {{h2UpgradePolicy: DEFAULT}}}}\n"),
        changed(LOCK, POLICY, f"{POLICY}    loadBalancer: {{localityLbSetting: {{enabled: false}}}}\n"),
        changed(LOCK, POLICY, f"{POLICY}    loadBalancer: {{simple: RANDOM, warmup: {{duration: 9s}}}}\n"),
    ],
    ids=["immutable Secret", "kustomize's origin", "no HTTP/2", "no locality", "warm-up"],
)
def test_a_careful_addition_is_judged_and_holds(overlay: dict[str, bytes]) -> None:
    results = results_of(overlay)
    assert not failed(results)
    assert not unjudged(results)


@pytest.mark.parametrize(
    "policy",
    [
        "connectionPool: {http: {h2UpgradePolicy: UPGRADE}}",
        "loadBalancer: {localityLbSetting: {enabled: true, failoverPriority: [team]}}",
    ],
)
def test_what_changes_who_answers_or_how_is_not_judged(policy: str) -> None:
    assert "R3.1" in unjudged(results_of(changed(LOCK, POLICY, f"{POLICY}    {policy}\n")))


def test_an_immutable_secret_may_be_applied_again_with_the_same_data() -> None:
    assert not refusals(once_more("voting"))


@pytest.mark.parametrize(("user", "immutable"), [("other", "true"), ("voting", "false")])
def test_an_immutable_secret_can_be_changed_by_nobody(user: str, immutable: str) -> None:
    assert refusals(once_more(user, immutable))


def test_new_pods_that_get_less_leave_their_share_unjudged() -> None:
    text = (MANIFESTS / UPDATE).read_text()
    rule = (
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: warm\n"
        "spec:\n  host: voting-analytics\n  trafficPolicy:\n    loadBalancer:\n"
        "      simple: LEAST_REQUEST\n      warmup:\n        duration: 300s\n"
    )
    assert "R2.2" in unjudged(results_of({UPDATE: f"{text.rstrip()}\n{rule}".encode()}))
