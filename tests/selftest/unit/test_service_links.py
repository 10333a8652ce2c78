"""Services tell pods of themselves by variables, those that are there when the pods' containers start."""

import pytest

from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import FIRST, SCENARIO, UPDATE
from tests.selftest.routing_support import deployment, model, service

WEB = deployment("web")


def env(*steps: str, of: str = "web") -> dict[str, str | None]:
    found = next(one for one in model(*steps).pods() if one.deployment == of)
    return {name: one.value for name, one in found.env.items() if one.origin.startswith("Service/")}


def test_the_variables_of_a_service_with_two_ports() -> None:
    ports = "{name: http-web, port: 80}, {name: dns, port: 53, protocol: UDP}"
    assert env(service("my-app", ports), WEB) == {
        "MY_APP_SERVICE_HOST": None,
        "MY_APP_SERVICE_PORT": "80",
        "MY_APP_PORT": "tcp://ADDRESS:80",
        "MY_APP_SERVICE_PORT_HTTP_WEB": "80",
        "MY_APP_PORT_80_TCP": "tcp://ADDRESS:80",
        "MY_APP_PORT_80_TCP_PROTO": "tcp",
        "MY_APP_PORT_80_TCP_PORT": "80",
        "MY_APP_PORT_80_TCP_ADDR": None,
        "MY_APP_SERVICE_PORT_DNS": "53",
        "MY_APP_PORT_53_UDP": "udp://ADDRESS:53",
        "MY_APP_PORT_53_UDP_PROTO": "udp",
        "MY_APP_PORT_53_UDP_PORT": "53",
        "MY_APP_PORT_53_UDP_ADDR": None,
    }


@pytest.mark.parametrize(
    ("steps", "seen"),
    [
        ((service("redis"), WEB), True),
        ((WEB + "---\n" + service("redis"),), True),
        ((WEB, service("redis")), False),
        ((WEB, service("redis"), WEB), False),
        ((WEB, service("redis"), deployment("web", "2")), True),
        ((service("redis"), WEB + "      enableServiceLinks: false\n"), False),
        ((service("redis").replace("spec:\n", "spec:\n  clusterIP: None\n"), WEB), False),
        ((service("redis").replace("name: redis", "name: redis, namespace: voting"), WEB), True),
    ],
)
def test_pods_see_the_services_that_were_there_before_them(steps: tuple[str, ...], seen: bool) -> None:
    assert ("REDIS_PORT" in env(*steps)) is seen


def test_a_containers_own_variable_counts_and_may_name_a_services() -> None:
    own = WEB + (
        "          env:\n            - {name: REDIS_PORT, value: '6379'}\n"
        "            - {name: HERE, value: '$(REDIS_SERVICE_PORT)'}\n"
        "            - {name: ADDRESS, value: '$(REDIS_SERVICE_HOST)'}\n"
    )
    found = model(service("redis"), own).pods()[0].env
    assert [found[name].value for name in ("REDIS_PORT", "HERE", "ADDRESS")] == ["6379", "8080", None]
    assert (found["REDIS_PORT"].origin, found["HERE"].origin) == ("", "")


def alias(called: str, port: int) -> str:
    return service(called, f"{{name: tcp, port: {port}, targetPort: {port}}}", app="cache") + "---\n"


def with_service(called: str, port: int, file: str = FIRST) -> dict[str, bytes]:
    """Return our manifests with one more Service first in a file, listed in scenario.yaml."""
    first = "apiVersion: apps/v1\n"
    overlay = changed(file, first, alias(called, port) + first)
    step = f"- apply: {file}\n        created:\n"
    overlay = changed(SCENARIO, step, f"{step}          - Service/{called}\n", on=overlay)
    deleted = "- delete:\n          - Deployment/voting-app-1-0\n"
    return changed(SCENARIO, deleted, f"{deleted}          - Service/{called}\n", on=overlay)


@pytest.mark.parametrize(
    ("called", "port", "variable"), [("redis", 6379, "REDIS_PORT"), ("analytics", 8080, "ANALYTICS_PORT")]
)
def test_a_service_that_sets_a_variable_of_the_contract_keeps_pods_from_starting(
    called: str, port: int, variable: str
) -> None:
    results = results_of(with_service(called, port))
    assert "R1.2" in failed(results)
    text = words_of(results, "R1.2")
    assert f"Service/{called} gives the pods of voting-app-1-0 {variable}=tcp://ADDRESS:{port}" in text
    assert f"{FIRST}:2: " in text


def test_a_service_of_mysqls_name_is_seen_by_2_0_alone() -> None:
    results = results_of(with_service("mysql", 3306))
    assert "R1.2" not in failed(results)
    assert "MYSQL_PORT=tcp://ADDRESS:3306" in words_of(results, "R4.2")


def test_a_service_made_in_stage_2_is_not_seen_by_pods_of_stage_1() -> None:
    results = results_of(with_service("redis", 6379, UPDATE))
    assert "R2.1" in failed(results)
    assert "voting-app-1-0" not in words_of(results, "R2.1")


@pytest.mark.parametrize("called", ["cache", "redis-cache", "voting", "port"])
def test_a_service_that_sets_no_variable_of_the_contract_breaks_nothing(called: str) -> None:
    results = results_of(with_service(called, 6379))
    assert not failed(results)
    assert not unjudged(results)


def test_pods_without_service_links_take_a_service_of_any_name() -> None:
    overlay = with_service("redis", 6379)
    for pod in range(3):
        line = "      terminationGracePeriodSeconds: 5\n"
        overlay = changed(FIRST, line, f"      enableServiceLinks: false\n{line}", at=pod, on=overlay)
    overlay = changed(UPDATE, line, f"      enableServiceLinks: false\n{line}", on=overlay)
    assert not failed(results_of(overlay))
