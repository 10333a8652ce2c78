"""Objects that the schemas take, and what is found wrong with a changed one."""

from canary_conformance.model.schemas.schema_findings import schema_findings
from canary_conformance.scenario.manifests import parse_manifests

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      containers:
        - name: app
          image: app:1
          imagePullPolicy: Always
          ports:
            - containerPort: 8080
          env:
            - name: PORT
              value: "8080"
          resources:
            limits: {memory: 64Mi}
          readinessProbe:
            httpGet: {path: /, port: http}
"""
RULES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: app
spec:
  hosts: ["app"]
  http:
    - match:
        - headers:
            cookie: {regex: x}
      route:
        - destination:
            host: app
            port: {number: 8080}
          weight: 100
"""
LOCK = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec:
  mtls:
    mode: STRICT
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s}
data:
  user: dm90aW5n
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: dns, port: 53, protocol: UDP}
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p}
spec:
  targetRefs:
    - kind: Service
      name: app
"""
FILTER = """\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f}
spec:
  configPatches:
    - applyTo: HTTP_FILTER
      patch: {operation: MERGE, value: {name: x, typed_config: {any: [1, null, {thing: 1.5}]}}}
"""
ALL = (DEPLOYMENT, RULES, LOCK, SECRET, SERVICE, POLICY, FILTER)


def findings(text: str) -> list[str]:
    parsed = parse_manifests(text.encode(), "a.yaml", "voting")
    assert not parsed.findings
    return [str(finding) for manifest in parsed.manifests for finding in schema_findings(manifest)]


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)
