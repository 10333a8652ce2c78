"""The mesh at stage 4 with one list of routes after the other, and random requests through each of them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.errors import NotJudged, StageFailed
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS_PORT
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.stage_propagation import settle
from canary_conformance.stages.steps import ROUTING
from tools.mutants.fuzz.comparison import differences
from tools.mutants.fuzz.fuzz_plan import Found, Table
from tools.mutants.fuzz.random_requests import RandomRequests
from tools.mutants.fuzz.sent_requests import send_all
from tools.mutants.fuzz.traced_routes import traced

CANARY_ROUTES = "istio/step-3-add-routing-for-2.0-components.yaml"
_MOST_SHOWN = 5


class FuzzedMesh:
    """A namespace at stage 4 whose routes are replaced, and the model of what is in force."""

    def __init__(self, namespace: NamespaceUnderTest, state: State) -> None:
        self._namespace = namespace
        self._state = state
        self._address = urlsplit(namespace.mesh.gateway.url).netloc
        own = namespace.manifests.files[CANARY_ROUTES]
        self._own = [one for one in own if one.ref.kind in ROUTING]

    def try_table(self, table: Table) -> Found:
        """Send random requests through some routes, and put the manifests' own back."""
        applied = traced(table.text.encode(), CANARY_ROUTES, self._namespace.name)
        try:
            if not applied:
                return Found(table.name, skipped="it cannot be read")
            self._apply(applied)
            return self._compare(table, applied)
        except (Refused, StageFailed, NotJudged) as refused:
            return Found(table.name, skipped=f"it is not in force: {' '.join(str(refused).split())[:300]}")
        finally:
            self._apply(self._own)

    def _apply(self, manifests: Sequence[Manifest]) -> None:
        for manifest in manifests:
            self._namespace.api.apply(manifest.body, self._namespace.name)
        settle(self._namespace, ROUTING)

    def _compare(self, table: Table, applied: Sequence[Manifest]) -> Found:
        state = self._state
        for manifest in applied:
            state = state.apply(manifest)
        model = Model(state)
        entries = [entry for some in model.routes_at_ingress(INGRESS_PORT).values() for entry in some]
        drawn = RandomRequests([entry.match for entry in entries], table.seed)
        requests = [drawn.next() for _ in range(table.requests)]
        answers = send_all(self._address, requests)
        compared, wrong = differences(model, self._address, requests, answers)
        shown = [f"{table.name}: {one}" for one in wrong[:_MOST_SHOWN]]
        rest = len(wrong) - len(shown)
        more = [f"{table.name}: and {rest} more"] if rest else []
        return Found(table.name, len(requests), compared, (*shown, *more))
