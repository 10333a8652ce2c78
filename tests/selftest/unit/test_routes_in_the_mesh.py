"""Routes between pods: sources, gateways, hosts, the oldest of several, and what no route is for."""

from canary_conformance.model.objects.questions import Ending, Source, Wire
from tests.selftest.routing_support import (
    CLIENT,
    OPEN,
    TWO,
    at_gate,
    at_ingress,
    between_pods,
    call,
    deployment,
    documents,
    in_mesh,
    model,
    only,
    page,
    service,
)

TO_2 = "route: [{destination: {host: web, subset: v2, port: {number: 8080}}}]"


TO_1 = "route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]"


class TestInTheMesh:
    def test_sources_are_told_apart_by_labels(self) -> None:
        rule = in_mesh(f"http:\n- match: [{{sourceLabels: {{app: client}}}}]\n  {TO_2}\n- {TO_1}\n")
        of = model(TWO, rule)
        assert only(call(of)).pods == ("web 2",)
        assert only(call(of, source=Source("other", {"app": "other"}))).pods[0] == "web 1"

    def test_a_source_that_no_route_is_for_gets_the_services_default(self) -> None:
        of = between_pods(f"http:\n- match: [{{sourceLabels: {{app: other}}}}]\n  {TO_2}\n")
        assert set(only(call(of)).pods) == {"web 1", "web 2"}
        [passed] = call(of).passed_over
        assert passed.sentence.endswith("the source isn't labelled app=other")

    def test_a_request_that_no_route_matches_is_404_all_the_same(self) -> None:
        of = between_pods(f"http:\n- match: [{{headers: {{a: {{exact: a}}}}}}]\n  {TO_2}\n")
        assert only(call(of)).ending is Ending.NO_ROUTE

    def test_routes_of_a_gateway_do_not_count(self) -> None:
        of = at_ingress(f"http: [{{{TO_2}}}]")
        assert set(only(call(of)).pods) == {"web 1", "web 2"}

    def test_a_route_for_both(self) -> None:
        both = at_gate(f"http: [{{{TO_2}}}]").replace("[gate]", "[gate, mesh]").replace("'*'", "web")
        of = model(TWO, OPEN, both)
        assert only(call(of)).pods == ("web 2",)
        assert only(page(of, "web.voting.svc.cluster.local")).pods == ("web 2",)

    def test_of_two_for_one_host_the_oldest_counts(self) -> None:
        first = in_mesh(f"http: [{{{TO_2}}}]", name="z")
        second = in_mesh(f"http: [{{{TO_1}}}]", name="a")
        assert only(call(model(TWO, first, second))).pods == ("web 2",)
        # Of one file, and so of one second: by name.
        assert only(call(model(TWO, documents(first, second)))).pods[0] == "web 1"

    def test_a_younger_one_counts_where_the_oldest_has_no_route_for_the_source(self) -> None:
        first = in_mesh(f"http: [{{match: [{{sourceLabels: {{app: x}}}}], {TO_1}}}]", name="first")
        second = in_mesh(f"http: [{{{TO_2}}}]", name="second")
        assert only(call(model(TWO, first, second))).pods == ("web 2",)

    def test_hosts_by_any_form_istio_takes(self) -> None:
        for host, counts in [
            ("web", True),
            ("web.voting.svc.cluster.local", True),
            ("*.voting.svc.cluster.local", True),
            ("web.voting", False),
            ("other", False),
        ]:
            found = only(call(between_pods(f"http: [{{{TO_2}}}]", host=host))).pods
            assert (found == ("web 2",)) is counts, host

    def test_one_for_the_very_host_beats_one_for_many(self) -> None:
        wide = in_mesh(f"http: [{{{TO_1}}}]", host="*.cluster.local", name="wide")
        assert only(call(model(TWO, wide, in_mesh(f"http: [{{{TO_2}}}]")))).pods == ("web 2",)

    def test_one_that_is_not_exported_here_does_not_count(self) -> None:
        hidden = in_mesh(f"exportTo: [elsewhere]\nhttp: [{{{TO_2}}}]")
        assert len(only(call(model(TWO, hidden))).pods) == 4

    def test_one_without_hosts_counts_nowhere(self) -> None:
        answer = call(model(TWO, in_mesh(f"http: [{{{TO_2}}}]").replace("hosts: ['web']", "hosts: []")))
        assert len(only(answer).pods) == 4
        assert [str(rule) for rule in answer.passed_over] == ["2.yaml:1: VirtualService/web: has no host"]

    def test_one_whose_hosts_can_not_be_read_may_count_anywhere(self) -> None:
        unread = in_mesh(f"http: [{{{TO_2}}}]").replace("hosts: ['web']", "hosts: web")
        assert only(call(model(TWO, unread))).ending is Ending.UNKNOWN

    def test_http_routes_do_not_count_at_a_tcp_port(self) -> None:
        tcp = service("web", "{name: tcp, port: 8080, targetPort: http}")
        assert len(only(call(model(TWO, tcp, in_mesh(f"http: [{{{TO_2}}}]")))).pods) == 4

    def test_a_pod_without_a_sidecar_is_not_routed(self) -> None:
        of = between_pods(f"http: [{{{TO_2}}}]")
        alone = Source("alone", CLIENT.labels, sidecar=False)
        assert only(call(of, source=alone)).wire is Wire.PLAIN
        assert len(only(call(of, source=alone)).pods) == 4

    def test_a_destination_without_a_port_gets_the_callers(self) -> None:
        two_ports = "{name: http, port: 8080}, {name: http-b, port: 81, targetPort: 8080}"
        of = model(
            deployment("web"),
            service("web", two_ports),
            in_mesh("http: [{route: [{destination: {host: web}}]}]"),
        )
        assert only(call(of, port=81)).ending is Ending.SERVED

    def test_a_destination_that_is_not_there_is_503(self) -> None:
        for destination in ("host: nowhere", "host: web, subset: v3", "host: web, port: {number: 9000}"):
            of = between_pods(f"http: [{{route: [{{destination: {{{destination}}}}}]}}]")
            assert only(call(of)).ending is Ending.UNAVAILABLE
