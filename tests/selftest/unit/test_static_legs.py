"""The table of mutual TLS, and the calls in plaintext, where the manifests say more than the source does."""

import pytest

from tests.selftest.changed_manifests import changed, changed_together, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import FIRST, LOCK

DEFAULT = "metadata:\n  name: default\nspec:\n  mtls:\n    mode: STRICT\n"
TABLES = {"R3.4", "R4.10", "R5.4"}


def of_the_stores(mtls: str, default: str = DEFAULT) -> dict[str, bytes]:
    """Return the lock with one more policy, that of the stores' pods."""
    own = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: stores}\n"
    own += f"spec:\n  selector: {{matchLabels: {{app: voting-storage}}}}\n  {mtls}\n"
    listed = "          - PeerAuthentication/default\n"
    return changed_together(
        changed(LOCK, DEFAULT, default + own),
        changed("scenario.yaml", listed, listed + "          - PeerAuthentication/stores\n"),
    )


@pytest.mark.parametrize(
    "mtls", ["mtls: {mode: STRICT}", "mtls: {mode: STRICT}\n  portLevelMtls: {9121: {mode: DISABLE}}"]
)
def test_a_policy_of_some_pods_may_stand_beside_a_strict_default(mtls: str) -> None:
    results = results_of(of_the_stores(mtls))
    assert (failed(results), unjudged(results)) == (set(), set())


@pytest.mark.parametrize(
    "mtls", ["mtls: {mode: PERMISSIVE}", "mtls: {mode: STRICT}\n  portLevelMtls: {6379: {mode: PERMISSIVE}}"]
)
def test_a_policy_of_some_pods_that_accepts_plaintext_fails_beside_a_strict_default(mtls: str) -> None:
    results = results_of(of_the_stores(mtls))
    assert {"R3.4", "R3.5"} <= failed(results)
    words = words_of(results, "R3.4")
    assert "2 of 4 legs are not mutual TLS as required: the server accepts mutual TLS and plaintext" in words
    assert "PeerAuthentication/stores: voting-storage:6379 accepts mutual TLS and plaintext" in words


SELECTIVE = "name: default\nspec:\n  selector: {matchLabels: {app: voting-app}}"


@pytest.mark.parametrize(
    "default", [DEFAULT.replace("STRICT", "PERMISSIVE"), DEFAULT.replace("name: default\nspec:", SELECTIVE)]
)
def test_a_strict_policy_of_some_pods_does_not_make_up_for_the_default(default: str) -> None:
    results = results_of(of_the_stores("mtls: {mode: STRICT}", default))
    assert failed(results) >= TABLES
    assert "while no `default` is STRICT for all pods" in words_of(results, "R3.4")


def test_a_declared_port_at_which_nothing_has_to_listen_changes_nothing() -> None:
    port = "            - name: http\n              containerPort: 8080\n"
    more = port + "            - name: metrics\n              containerPort: 9090\n"
    results = results_of(changed(FIRST, port, more, at=1))
    assert (failed(results), unjudged(results)) == (set(), set())


def test_a_service_that_leads_to_a_port_at_which_nothing_listens_fails() -> None:
    results = results_of(
        changed(FIRST, "              containerPort: 8080\n", "              containerPort: 8081\n", at=1)
    )
    assert {"R1.5", "R3.1"} <= failed(results)


def test_the_secret_may_have_more_keys_than_the_contract_names() -> None:
    file = "kubernetes/step-3-update-voting-app-with-new-storage.yaml"
    results = results_of(changed(file, "stringData:\n", 'stringData:\n  MYSQL_PORT: "3306"\n'))
    assert (failed(results), unjudged(results)) == (set(), set())


def test_mutual_tls_by_another_policy_than_the_default_is_named() -> None:
    results = results_of(changed(LOCK, DEFAULT, DEFAULT.replace("name: default", "name: strict")))
    assert "R3.4" in failed(results)
    words = " ".join(words_of(results, "R3.4").split())
    assert "PeerAuthentication strict/voting decides for the server; default/voting has to" in words
