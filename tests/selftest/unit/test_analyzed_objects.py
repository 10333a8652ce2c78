"""What `istioctl analyze` reports fails R5.2 by the manifests too, and nothing else does."""

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import EVERYONE, FIRST, GATEWAY, LAST

DROPPED = "istio/step-5-drop-old-subsets.yaml"
RULE = "    - route:\n        - destination:\n            host: voting-app\n            subset: v2-0\n"
SOURCE = '        - sourceLabels:\n            app: voting-analytics\n            version: "2.0"\n'
SERVER = '      hosts:\n        - "*"'
OTHER = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata:\n  name: other\nspec:\n"
OTHER += "  selector:\n    istio: ingressgateway\n  servers:\n    - port:\n        number: 80\n"
OTHER += "        name: http\n        protocol: HTTP\n      hosts:\n        - "
OUTSIDE = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: out}\nspec:\n"
OUTSIDE += "  hosts: [example.com]\n  ports: [{number: 443, name: tls, protocol: TLS}]\n---\n"
OUTSIDE += "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: out}\n"
OUTSIDE += "spec: {host: example.com, trafficPolicy: {tls: "
OF_PORT = "portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]"
PORT = "app: voting-app\n  ports:\n    - name: http\n"
MOUNT = "            - name: data\n              mountPath: /var/lib/mysql\n"
VOLUME = "      volumes:\n        - name: data\n"


def proxy(request: str, limit: str) -> dict[str, bytes]:
    labels = '        app: voting-app\n        version: "1.0"\n    spec:\n'
    annotations = (
        f"      annotations:\n        sidecar.istio.io/proxyMemory: {request}\n"
        f"        sidecar.istio.io/proxyMemoryLimit: {limit}\n"
    )
    return changed(FIRST, labels, labels.replace("    spec:\n", f"{annotations}    spec:\n"))


def mounted(path: str) -> dict[str, bytes]:
    mount = changed(LAST, MOUNT, f"            - name: more\n              mountPath: {path}\n{MOUNT}")
    return changed(
        LAST,
        VOLUME,
        f"      volumes:\n        - name: more\n          emptyDir: {{}}\n{VOLUME[15:]}",
        on=mount,
    )


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        (changed(EVERYONE, RULE, f"{RULE}{RULE}"),
         "spec.http[1] is never reached behind a rule without a match"),
        (changed(DROPPED, SOURCE, f"{SOURCE}{SOURCE}"), "spec.tcp[0].match[2] is there in an earlier rule"),
        (changed(GATEWAY, SERVER, f'{SERVER}\n---\n{OTHER}"*"'),
         "it opens port 80 for *, as Gateway/other does"),
        (changed(FIRST, PORT, PORT.replace("http", "web")),
         "port 8080 declares no protocol by its name 'web'"),
        (changed(GATEWAY, SERVER, f"{SERVER}\n---\n{OUTSIDE}{{mode: SIMPLE, credentialName: a}}}}}}"),
         "mode SIMPLE without caCertificates (IST0128)"),
        (changed(GATEWAY, SERVER, f"{SERVER}\n---\n{OUTSIDE}{{}}, {OF_PORT}}}}}"),
         "mode SIMPLE without caCertificates (IST0129)"),
    ],
)  # fmt: skip
def test_what_the_analyzer_reports_fails(overlay: dict[str, bytes], words: str) -> None:
    results = results_of(overlay)
    assert failed(results) - {"R0.1"} == {"R5.2"}
    assert words in words_of(results, "R5.2")


@pytest.mark.parametrize(
    "overlay",
    [
        changed(GATEWAY, SERVER, f"{SERVER}\n---\n{OTHER}other.example.com"),
        changed(FIRST, PORT, PORT.replace("name: http\n", "name: web\n      appProtocol: http\n")),
        proxy("128Mi", "0.25Gi"),
        mounted("/tmp"),
    ],
    ids=("a host of its own", "appProtocol", "a request below its limit", "a volume beside the data"),
)
def test_what_it_does_not_report_holds(overlay: dict[str, bytes]) -> None:
    results = results_of(overlay)
    assert failed(results) - {"R0.1"} == set()
    assert unjudged(results) == set()


def test_a_certificate_in_the_gateways_namespace_is_not_known() -> None:
    server = "    - port:\n        number: 443\n        name: https\n        protocol: HTTPS\n"
    server += "      tls:\n        mode: SIMPLE\n        credentialName: page\n"
    results = results_of(changed(GATEWAY, SERVER, f"{SERVER}\n{server}{SERVER}"))
    assert failed(results) == set()
    assert unjudged(results) == {"R5.2"}


def test_a_proxy_that_asks_for_more_than_its_limit_is_never_created() -> None:
    results = results_of(proxy("256Mi", "128Mi"))
    assert "more than its limit of 128Mi" in words_of(results, "R1.2")
    assert "R1.2" in failed(results)


def test_mysql_makes_no_tables_in_a_folder_that_has_another_volume_in_it() -> None:
    results = results_of(mounted("/var/lib/mysql/voting"))
    assert "another volume at /var/lib/mysql/voting, below its data" in words_of(results, "R4.2")
    assert "R4.2" in failed(results)


@pytest.mark.parametrize("key", ["created", "configured"])
def test_who_makes_the_namespaces_own_account_is_not_known(key: str) -> None:
    made = changed(FIRST, "apiVersion: apps/v1\n", _ACCOUNT)
    listed = changed("scenario.yaml", "created:\n          - Deployment/voting-storage-1-0\n", _LISTED[key])
    results = results_of({**made, **listed})
    assert "R0.1" in unjudged(results)
    assert failed(results) == set()


_ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n---\napiVersion: apps/v1\n"
_STORE = "          - Deployment/voting-storage-1-0\n"
_LISTED = {
    "created": f"created:\n          - ServiceAccount/default\n{_STORE}",
    "configured": f"configured:\n          - ServiceAccount/default\n        created:\n{_STORE}",
}


def again(old: str, new: str) -> dict[str, bytes]:
    """Return an overlay in which stage 4 applies Redis once more, with one text replaced."""
    first, store, service = (MANIFESTS / FIRST).read_text().partition("---\n")
    assert store
    assert old in first
    text = (MANIFESTS / LAST).read_text() + "---\n" + first.replace(old, new)
    listed = "configured:\n          - Service/voting-storage\n"
    scenario = changed("scenario.yaml", listed, f"{listed}          - Deployment/voting-storage-1-0\n")
    assert service
    return {LAST: text.encode(), **scenario}


def test_a_store_that_is_replaced_loses_its_votes() -> None:
    results = results_of(again("memory: 128Mi", "memory: 256Mi"))
    assert failed(results) == {"R4.1"}
    assert "Deployment/voting-storage-1-0: its pods are replaced" in words_of(results, "R4.1")


def test_a_store_whose_pods_stay_keeps_them() -> None:
    results = results_of(again("  replicas: 1\n", "  replicas: 1\n  revisionHistoryLimit: 2\n"))
    assert failed(results) == set()
