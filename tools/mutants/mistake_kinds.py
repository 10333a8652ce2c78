"""One mutant of each kind of mistake that the suite is to name within seconds of its being live (issue 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from canary_conformance.errors import BadInput
from tools.mutants.mutant import Mutant

_CANARY = "istio/step-3 VirtualService/voting-app:spec.http"
_POD = "spec.template.metadata.labels"

KINDS: Mapping[str, str] = {
    "labels": f"kubernetes/step-1 Deployment/voting-storage-1-0:{_POD}.app "
    "voting-storage becomes voting-storagex, in the selector too",
    "replicas": "kubernetes/step-1 Deployment/voting-app-1-0:spec.replicas 3 becomes 2",
    "injection": f"kubernetes/step-2 Deployment/voting-analytics-1-1:{_POD} forbid the sidecar",
    "gateway": "the Gateway selects the pods of the app instead of the ingress",
    "ports": "a probe knocks at a port where nobody listens",
    "port names": "the Service of analytics declares a protocol other than HTTP",
    "hosts": "the host of a rule is of another namespace",
    "subsets": "a subset's version has a v before it",
    "weights": f"{_CANARY}[1].route[0] leaks 1 % to v2-0",
    "TLS modes": "a port switches its client's TLS off",
    "policy scope": "mutual TLS is demanded of the app's pods only",
    "cookie patterns": f"{_CANARY}[0].match[0].headers.cookie.regex wants a space before",
    "rule order": "the canary's rule stands below the one for everybody",
    "crossed chains": "analytics 2.0 reads Redis and shows the votes of 1.0",
    "missing routes": "istio/step-3 VirtualService/voting-analytics:spec.http[1] is missing",
    "secrets": "the app of 2.0 has a password of its own",
    "volumes": "MySQL's data lie in memory",
    "injected faults": "a fault of 1 % was left in the canary's route",
}
"""Each kind's mutant by its name, in the issue's order."""


def one_of_each_kind(mutants: Iterable[Mutant]) -> tuple[Mutant, ...]:
    """Return each kind's mutant. Raises BadInput where one is missing among these."""
    by_name = {mutant.name: mutant for mutant in mutants}
    if missing := [kind for kind, name in KINDS.items() if name not in by_name]:
        raise BadInput(f"tools/mutants/mistake_kinds.py names unknown mutants: {', '.join(missing)}")
    return tuple(by_name[name] for name in KINDS.values())
