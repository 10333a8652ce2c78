"""Variants: the manifests written in another way that is just as right, for which every requirement holds.

Mutants prove that mistakes are caught, variants that what is right is left alone. Both are edits of the
scenario's own files, and both tiers judge both in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.report.run_record import Tier
from tools.mutants.edit_sites import Source
from tools.mutants.mistake import Step, after, before, followed_by, to, without
from tools.mutants.mutant import short_file
from tools.mutants.scoring import Judged


@dataclass(frozen=True, slots=True)
class Change:
    """What is edited in one object of one file; `file` and `ref` are written as a Mistake's."""

    file: str
    ref: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to write the manifests; `name` is a sentence that says what is different."""

    name: str
    changes: tuple[Change, ...]

    def made(self, sources: Sequence[Source]) -> MadeVariant:
        """Make the changes. Raises LookupError or EditImpossible where the files have no such place."""
        by_file = {short_file(source.file): source for source in sources}
        overlay = {}
        for file in dict.fromkeys(change.file for change in self.changes):
            if file not in by_file:
                raise LookupError(f"{self.name}: there is no file {file}")
            source = by_file[file]
            edits = [
                edit
                for change in self.changes
                if change.file == file
                for step in change.steps
                for edit in step.edits(source.yaml, source.document(change.ref) if change.ref else 0)
            ]
            overlay[source.file] = source.yaml.apply(edits).encode("utf-8")
        return MadeVariant(self.name, overlay)


@dataclass(frozen=True, slots=True)
class MadeVariant:
    """A variant of certain files: its name, and what stands instead of them."""

    name: str
    overlay: Mapping[str, bytes]


def changes_of(steps: Mapping[str, Sequence[Step]]) -> tuple[Change, ...]:
    """Return what is changed, by file and object as in a Catalogue."""
    parts = ((where.partition(" "), done) for where, done in steps.items())
    return tuple(Change(file, ref, tuple(done)) for (file, _, ref), done in parts)


_LINKS = (before("spec.template.spec.containers[0].env[0]", "- name: FLAGCONTROLS\n  value: links"),)
_OTHER_KINDS = """\
apiVersion: v1
kind: List
items:
  - apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: voting-app}
    spec: {minAvailable: 1, selector: {matchLabels: {app: voting-app}}}
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: "voting:reader"}
    rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata: {name: reader}
    roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "voting:reader"}
    subjects: [{kind: ServiceAccount, name: default}]
  - apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: voting-app}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: voting-app-1-0}
      minReplicas: 3
      maxReplicas: 5"""
_LISTED = """\
- PodDisruptionBudget/voting-app
- Role/voting:reader
- RoleBinding/reader
- HorizontalPodAutoscaler/voting-app"""
_AGAIN = """\
apiVersion: v1
kind: Service
metadata:
  name: voting-storage
  labels: {app: voting-storage}
spec:
  selector: {app: voting-storage}
  ports: [{name: redis, port: 6379, targetPort: redis}]"""
_OF_A_PORT = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: metrics}
spec:
  selector: {matchLabels: {app: voting-app}}
  portLevelMtls:
    9090: {mode: PERMISSIVE}"""
_OF_THE_STORES = (
    _OF_A_PORT.replace("voting-app", "voting-storage")
    .replace("9090", "9121")
    .replace("  portLevel", "  mtls: {mode: STRICT}\n  portLevel")
)
_FULL = "voting-{}.voting.svc.cluster.local"
_ISTIO = "apiVersion: {}.istio.io/v1\nkind: {}\nmetadata:\n  name: {}\nspec:\n  {}"
_TLS_RULE = _ISTIO.format(
    "networking",
    "DestinationRule",
    "voting-storage-tls",
    "host: voting-storage\n  trafficPolicy:\n    tls:\n      mode: ISTIO_MUTUAL",
)
_SIDECAR = _ISTIO.format(
    "networking", "Sidecar", "default", 'egress:\n    - hosts:\n        - "./*"\n        - "istio-system/*"'
)
_FRIENDS = _ISTIO.format(
    "security",
    "AuthorizationPolicy",
    "friends",
    "rules:\n    - from:\n        - source:\n            namespaces: [voting, istio-system]",
)
_HEALTHY = "  directResponse:\n    status: 200"
_PATIENT = "timeout: 30s\nretries:\n  attempts: 3\n  perTryTimeout: 5s\n  retryOn: 5xx"
_ONE_MORE_COOKIE = "headers:\n  response:\n    add:\n      set-cookie: visitor=1"


def _listed(step: str, ref: str) -> Sequence[Step]:
    """List one more object that a step creates ("stages[2].steps[0]"), before the first of the list."""
    return [before(f"{step}.created[0]", f"- {ref}")]


_CHANGES: Mapping[str, Mapping[str, Sequence[Step]]] = {
    "the footer's set and clear are links whose scripts send forms, as in the original app": {
        "kubernetes/step-1 Deployment/voting-app-1-0": _LINKS,
        "kubernetes/step-3 Deployment/voting-app-2-0": _LINKS,
    },
    "the canary's pattern has no group around the flag": {
        "istio/step-3 VirtualService/voting-app": (
            to("spec.http[0].match[0].headers.cookie.regex", "'^(.*?; ?)?featureflag=on(;.*)?$'"),
        )
    },
    "the lock names its hosts in full": {
        f"istio/step-2 DestinationRule/voting-{name}": (to("spec.host", _FULL.format(name)),)
        for name in ("app", "analytics", "storage")
    },
    "the requests to analytics take turns among its pods": {
        "istio/step-3 DestinationRule/voting-analytics": (
            before("spec.trafficPolicy.tls", "loadBalancer:\n  simple: ROUND_ROBIN"),
        )
    },
    "the stores' TLS is set by a rule of its own, which Istio merges with the one of the subsets": {
        "scenario": _listed("stages[2].steps[0]", "DestinationRule/voting-storage-tls"),
        "istio/step-2 DestinationRule/voting-storage": (
            without("spec.trafficPolicy"),
            followed_by(_TLS_RULE),
        ),
        "istio/step-3 DestinationRule/voting-storage": (without("spec.trafficPolicy"),),
        "istio/step-5 DestinationRule/voting-storage": (without("spec.trafficPolicy"),),
    },
    "a Sidecar shows the pods their own namespace and the mesh's": {
        "scenario": _listed("stages[0].steps[1]", "Sidecar/default"),
        "istio/step-1 Gateway/voting-app-gateway": (followed_by(_SIDECAR),),
    },
    "access is for the pods of the namespace and the ingress gateway": {
        "scenario": _listed("stages[2].steps[0]", "AuthorizationPolicy/friends"),
        "istio/step-2 PeerAuthentication/default": (followed_by(_FRIENDS),),
    },
    "the page's routes have generous limits, a cookie more, and are shown to every namespace": {
        "istio/step-3 VirtualService/voting-app": (
            before("spec.hosts", 'exportTo:\n  - "*"'),
            before("spec.http[0].route", _ONE_MORE_COOKIE),
            before("spec.http[1].route", _ONE_MORE_COOKIE),
        ),
        "istio/step-4 VirtualService/voting-app": (before("spec.http[0].route", _PATIENT),),
    },
    "a path that the application does not have is answered by the gateway itself": {
        "istio/step-3 VirtualService/voting-app": (
            before("spec.http[0]", "- match:\n    - uri:\n        exact: /healthz\n" + _HEALTHY),
        )
    },
    "objects of other kinds come along, and one is applied again as it is": {
        "kubernetes/step-1 Service/voting-app": (followed_by(_OTHER_KINDS),),
        "kubernetes/step-2 Deployment/voting-analytics-1-1": (followed_by(_AGAIN),),
        "scenario": (after("stages[0].steps[0].created[5]", _LISTED),),
    },
    "a policy's port is a key without quotes": {
        "istio/step-2 PeerAuthentication/default": (followed_by(_OF_A_PORT),),
        "scenario": (after("stages[2].steps[0].created[3]", "- PeerAuthentication/metrics"),),
    },
    "the stores have a policy of their own beside the default, as strict but for the port of an exporter": {
        "istio/step-2 PeerAuthentication/default": (followed_by(_OF_THE_STORES),),
        "scenario": (after("stages[2].steps[0].created[3]", "- PeerAuthentication/metrics"),),
    },
    "the Secret has one more key": {
        "kubernetes/step-3 Secret/voting-storage-secret": (
            before("stringData.MYSQL_USER", 'MYSQL_PORT: "3306"'),
        )
    },
    "the probes of the app name its port by its number": {
        "kubernetes/step-1 Deployment/voting-app-1-0": (
            to("spec.template.spec.containers[0].readinessProbe.httpGet.port", "8080"),
        )
    },
}

VARIANTS = tuple(Variant(name, changes_of(steps)) for name, steps in _CHANGES.items())
"""Every variant; a live run of one takes as long as any other."""


def wrong(judged: Iterable[Judged]) -> list[str]:
    """Return a sentence for each variant and tier that was not judged to hold; none when all is well."""
    return [f"{one.name}: {_verdict(one)}" for one in judged if one.kills or one.problem or one.untold]


def table(names: Sequence[str], judged: Iterable[Judged]) -> str:
    """Return each variant with what each tier says of it, two lines below it."""
    verdicts = {(one.name, one.tier): _verdict(one) for one in judged}
    lines: list[str] = []
    for name in names:
        tiers = (f"  {tier}: {verdicts.get((name, tier), 'not judged')}" for tier in (Tier.STATIC, Tier.LIVE))
        lines += [name, *tiers]
    return "\n".join(lines)


def _verdict(one: Judged) -> str:
    if one.kills:
        ids = ", ".join(dict.fromkeys(kill.requirement for kill in one.kills))
        return f"{ids} FAILED: {one.kills[0].words}"
    unjudged = f"not judged by the manifests alone: {one.untold}" if one.untold else ""
    return one.problem or unjudged or f"every requirement holds ({one.seconds:.1f} s)"
