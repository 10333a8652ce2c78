"""Whatever YAML holds, the model answers: no traceback, no hang, and for every request in full."""

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import (
    INGRESS,
    OUTSIDE,
    Answer,
    Ending,
    Request,
    Speech,
    explain,
)
from canary_conformance.model.objects.state import State
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import Manifest, parse_manifests
from canary_conformance.voting.voting_app import VOTING_APP

FILES = (
    "kubernetes/step-1-create-voting-app.yaml",
    "kubernetes/step-2-update-voting-analytics-to-1.1.yaml",
    "istio/step-1-create-voting-app-gateway.yaml",
    "istio/step-3-add-routing-for-2.0-components.yaml",
    "istio/step-2-update-and-add-routing-for-all-components.yaml",
    "kubernetes/step-3-update-voting-app-with-new-storage.yaml",
)
OBJECTS: list[dict[str, Any]] = [
    document for file in FILES for document in yaml.safe_load_all((MANIFESTS / file).read_text())
]
WORDS = (
    "mesh", "*", "", "1.0", "voting-app", "http", "9", "1s", "(", "STRICT", "None", "$(A)", "a/b", "./x", "²",
)  # fmt: skip
KEYS = (
    "fault", "abort", "percentage", "value", "delay", "redirect", "delegate", "timeout", "exportTo", "subset",
    "portLevelMtls", "portLevelSettings", "selector", "mode", "weight", "uri", "regex", "annotations",
    "env", "envFrom", "secretRef", "volumes", "strategy", "sidecar.istio.io/inject", "appProtocol",
)  # fmt: skip
LETTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])
TEXTS = st.sampled_from(WORDS) | st.text(LETTERS, max_size=8)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, width=32)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS + WORDS), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from paths(child, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(one, path[1:], new) if key == path[0] else one for key, one in value.items()}
    return [replaced(one, path[1:], new) if index == path[0] else one for index, one in enumerate(value)]


PLACES = [
    (index, path) for index, body in enumerate(OBJECTS) for path in paths(body.get("spec", {}), ("spec",))
]


def read(body: dict[str, Any]) -> tuple[Manifest, ...]:
    raw = yaml.safe_dump(body, allow_unicode=True).encode()
    return parse_manifests(raw, "any.yaml", "voting").manifests


PARSED = [read(body) for body in OBJECTS]


def model_of(index: int, changed: dict[str, Any]) -> Model:
    """Return the model of the scenario's objects, one of them changed."""
    state = State("voting", {"istio-injection": "enabled"}, application=VOTING_APP)
    for step, manifests in enumerate([*PARSED[:index], read(changed), *PARSED[index + 1 :]]):
        for manifest in manifests:
            state = state.apply(manifest, step)
    return Model(state.ready())


def every_answer(model: Model) -> Iterator[Answer]:
    for cookie in ("", "featureflag=on"):
        yield model.answer(Request(INGRESS, "192.0.2.1", 80, {"cookie": cookie}))
    sources = [OUTSIDE]
    for workload in model.pods():
        sources.append(model.source(workload.app, workload.version))
        yield model.answer_at_pod(str(workload), 8080)
    for source in sources:
        for host, port in [("voting-analytics", 8080), ("voting-storage", 6379), ("voting-storage", 3306)]:
            yield model.answer(Request(source, f"{host}.voting.svc", port, speaks=Speech.TCP))
            yield model.answer(Request(source, host, port))
    yield from (leg.answer for leg in model.legs())


def check(model: Model) -> None:
    for answer in every_answer(model):
        assert sum(outcome.probability for outcome in answer.outcomes) == 1
        assert explain(answer)
        for outcome in answer.outcomes:
            assert outcome.probability > 0
            if outcome.ending is Ending.UNKNOWN:
                assert outcome.reason
            assert bool(outcome.pods) or outcome.ending is not Ending.SERVED
    assert all(finding.sentence for finding in model.references())
    assert all(model.endpoints(name) is not None for name in ("voting-app", "voting-storage", "none"))
    assert all(count > 0 for count in model.counted_pods().values())


def test_what_is_whole_is_answered() -> None:
    check(model_of(0, OBJECTS[0]))


@settings(max_examples=150, deadline=None, database=None)
@given(st.sampled_from(PLACES), ANYTHING)
def test_anything_in_any_place_is_answered(place: tuple[int, tuple[Any, ...]], new: Any) -> None:
    index, path = place
    check(model_of(index, replaced(OBJECTS[index], path, new)))


@settings(max_examples=75, deadline=None, database=None)
@given(st.sampled_from(range(len(OBJECTS))), ANYTHING)
def test_any_spec_of_any_kind_is_answered(index: int, spec: Any) -> None:
    check(model_of(index, {**OBJECTS[index], "spec": spec}))
