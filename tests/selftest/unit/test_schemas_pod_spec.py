"""What the API server refuses about a pod as a whole, and what it takes."""

import pytest

from tests.selftest.changed_manifests import changed, failed, results_of, words_of
from tests.selftest.manifest_files import FIRST

SPEC = "      terminationGracePeriodSeconds: 5\n"


def storage(lines: str, port: str = "") -> dict[str, bytes]:
    """Return step 1 with more lines in the spec of Redis's pods, and behind its port."""
    spec = "".join(f"      {line}\n" for line in lines.splitlines())
    overlay = changed(FIRST, SPEC, spec + SPEC)
    declared = "              containerPort: 6379\n"
    return changed(FIRST, declared, f"{declared}{port}", on=overlay)


@pytest.mark.parametrize(
    ("lines", "port", "words"),
    [
        ("dnsPolicy: None", "", "DNS policy None needs a name server"),
        ("activeDeadlineSeconds: 60", "", "have no deadline"),
        ("hostname: Redis", "", "'Redis' isn't a DNS label"),
        ("subdomain: a.b", "", "'a.b' isn't a DNS label"),
        ("hostNetwork: true", "              hostPort: 80\n", "hostPort: must be 6379"),
    ],
)
def test_a_pod_is_refused(lines: str, port: str, words: str) -> None:
    results = results_of(storage(lines, port))
    assert "R0.1" in failed(results)
    assert words in words_of(results, "R0.1")


@pytest.mark.parametrize(
    ("lines", "port"),
    [
        ("dnsPolicy: None\ndnsConfig: {nameservers: [10.0.0.10]}", ""),
        ("hostname: redis", ""),
        ("hostNetwork: true", "              hostPort: 6379\n"),
        ("hostNetwork: false", "              hostPort: 80\n"),
    ],
)
def test_a_pod_is_taken(lines: str, port: str) -> None:
    assert "R0.1" not in failed(results_of(storage(lines, port)))
