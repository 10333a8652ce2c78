"""A small mesh to ask questions of: YAML in, the model out."""

from fractions import Fraction
from textwrap import dedent

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS, Answer, Outcome, Request, Source
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.manifests import Manifest, parse_manifests
from canary_conformance.voting.voting_app import VOTING_APP

NAMESPACE = "voting"
INJECTED = {"istio-injection": "enabled"}
CLIENT = Source("client", {"app": "client", "version": "1"})


def manifests(text: str, namespace: str = NAMESPACE, file: str = "mesh.yaml") -> tuple[Manifest, ...]:
    """Return the objects of a text; fails when one can't be read."""
    parsed = parse_manifests(dedent(text).encode(), file, namespace)
    assert not parsed.findings, parsed.findings
    return parsed.manifests


def model(*texts: str, root: str = "", labels: dict[str, str] | None = None) -> Model:
    """Return the model of the objects of texts, each text a step; root: objects of Istio's own namespace."""
    state = State(NAMESPACE, INJECTED if labels is None else labels, application=VOTING_APP)
    for step, text in enumerate(texts, 1):
        for manifest in manifests(text, file=f"{step}.yaml"):
            state = state.apply(manifest, step)
    rooted = root.replace("metadata: {", "metadata: {namespace: istio-system, ")
    for manifest in manifests(rooted, "istio-system", "root.yaml") if root else ():
        state = state.apply(manifest)
    return Model(state.ready())


def documents(*texts: str) -> str:
    """Return several texts of one object each as one text."""
    return "---\n".join(dedent(text) for text in texts)


def deployment(
    name: str, version: str = "1", *, app: str = "", replicas: int = 1, ports: str = "", extra: str = ""
) -> str:
    """Return a Deployment; ports and extra (labels and annotations of the pods) are written as YAML flow."""
    return dedent(f"""\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {{name: {name}}}
        spec:
          replicas: {replicas}
          selector: {{matchLabels: {{app: {app or name}}}}}
          template:
            metadata: {{labels: {{app: {app or name}, version: "{version}"}}{extra and f", {extra}"}}}
            spec:
              containers:
                - name: main
                  image: main
                  ports: [{ports or "{name: http, containerPort: 8080}"}]
        """)


def service(name: str, ports: str = "{name: http, port: 8080, targetPort: http}", *, app: str = "") -> str:
    """Return a Service; ports are written as YAML flow."""
    return dedent(f"""\
        apiVersion: v1
        kind: Service
        metadata: {{name: {name}}}
        spec:
          selector: {{app: {app or name}}}
          ports: [{ports}]
        """)


def istio(kind: str, name: str, spec: str, group: str = "networking") -> str:
    """Return an object of Istio with a spec in block or flow style."""
    lines = "\n".join(f"  {line}" for line in dedent(spec).strip().splitlines())
    return f"apiVersion: {group}.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{lines}\n"


def peer_authentication(spec: str, name: str = "default") -> str:
    """Return a PeerAuthentication."""
    return istio("PeerAuthentication", name, spec, "security")


OPEN = istio(
    "Gateway",
    "gate",
    """
    selector: {istio: ingressgateway}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
    """,
)
"""A Gateway that opens port 80 for every host."""

TWO = documents(
    deployment("one", "1", app="web", replicas=3),
    deployment("two", "2", app="web"),
    service("web"),
    istio(
        "DestinationRule",
        "web",
        """
        host: web
        subsets: [{name: v1, labels: {version: "1"}}, {name: v2, labels: {version: "2"}}]
        """,
    ),
)
"""Service web with three pods of version 1 and one of version 2, and a subset for each."""


def at_gate(spec: str, name: str = "web") -> str:
    """Return a VirtualService for every host at Gateway gate; the spec has its routes."""
    return istio("VirtualService", name, f"hosts: ['*']\ngateways: [gate]\n{dedent(spec)}")


def in_mesh(spec: str, host: str = "web", name: str = "web") -> str:
    """Return a VirtualService for a host in the mesh; the spec has its routes."""
    return istio("VirtualService", name, f"hosts: ['{host}']\n{dedent(spec)}")


def at_ingress(spec: str) -> Model:
    """Return the model of Service web with these routes for every host at the ingress."""
    return model(TWO, OPEN, at_gate(spec))


def between_pods(spec: str, host: str = "web") -> Model:
    """Return the model of Service web with these routes for a host in the mesh."""
    return model(TWO, in_mesh(spec, host=host))


def page(of: Model, host: str = "192.0.2.1", path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """Ask at the ingress; headers are written with _ for -."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return of.answer(Request(INGRESS, host, 80, sent, path, method))


def call(of: Model, host: str = "web", port: int = 8080, source: Source = CLIENT) -> Answer:
    """Ask as a pod of the mesh."""
    return of.answer(Request(source, host, port))


def only(answer: Answer) -> Outcome:
    """Return the one outcome of an answer; fails when there are several."""
    assert len(answer.outcomes) == 1, answer.outcomes
    assert answer.outcomes[0].probability == 1
    return answer.outcomes[0]


def endings(answer: Answer) -> dict[str, Fraction]:
    """Return how often the answer ends how."""
    found: dict[str, Fraction] = {}
    for outcome in answer.outcomes:
        found[str(outcome.ending)] = found.get(str(outcome.ending), Fraction(0)) + outcome.probability
    assert sum(found.values()) == 1
    return found


BOTH_PORTS = "{name: http, port: 8080}, {name: redis, port: 6379}"
PODS = documents(
    deployment("web", ports="{containerPort: 8080}, {containerPort: 6379}"), service("web", BOTH_PORTS)
)
"""Service web with an HTTP and a TCP port, and a pod of its own."""
HTTP, TCP = 8080, 6379


def rule(mode: str, where: str = "trafficPolicy: {{tls: {{mode: {}}}}}") -> str:
    """Return a DestinationRule for web with this TLS mode, "" for no mode."""
    return istio("DestinationRule", "web", f"host: web\n{where.format(mode)}") if mode else ""


def policy(mode: str) -> str:
    """Return a PeerAuthentication with this mode, "" for no mode."""
    return peer_authentication(f"mtls: {{mode: {mode}}}") if mode else ""
