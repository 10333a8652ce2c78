"""Who reaches whom at the end of a stage: calls of pods to Services, and plaintext from outside the mesh."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from canary_conformance.differences.answer_effects import Effect, effect_of, in_words
from canary_conformance.differences.ingress_changes import not_known, settings_words, size
from canary_conformance.differences.request_regions import Pair, Region, Unknown, regions
from canary_conformance.differences.stage_ends import StageEnds, decided_lines, ready_workloads
from canary_conformance.differences.values import AnswerChange, NotUnderstood, ShownRequest
from canary_conformance.model.model import Model
from canary_conformance.model.objects.host_names import full_name
from canary_conformance.model.objects.questions import OUTSIDE, Answer, Request, Source, Speech
from canary_conformance.model.patterns.text_classes import exactly
from canary_conformance.model.routing.authorization import AUTHORIZATION_POLICY
from canary_conformance.model.routing.connection_ends import source_of
from canary_conformance.model.routing.services import services

_PLAIN = ShownRequest("GET", "/")
_Ask = Callable[[Model], Answer | None]


@dataclass(frozen=True, slots=True)
class _Call:
    """A client's calls to a port of a Service; client: its name, as pods are called."""

    client: str
    service: str
    port: int

    def request(self, model: Model, shown: ShownRequest) -> Request | None:
        """Return a request of the client, None where a model has no ready pod of it."""
        source = _source(model, self.client)
        if source is None:
            return None
        host = full_name(self.service, model.state.namespace)
        speaks = _speech(model, self.service, self.port)
        return Request(
            source, shown.host or host, self.port, shown.headers, shown.path, shown.method, speaks=speaks
        )

    def answer(self, model: Model, shown: ShownRequest) -> Answer | None:
        """Return what becomes of a request of the client."""
        request = self.request(model, shown)
        return model.answer(request) if request else None


def call_changes(ends: StageEnds) -> Iterator[AnswerChange | NotUnderstood]:
    """Yield each call that is answered in another way, and what is not known of others."""
    clients = [*(name for name in ready_workloads(ends.before) if name in ready_workloads(ends.after))]
    found: list[AnswerChange] = []
    for client in (*clients, OUTSIDE.name):
        for service, port in _destinations(ends):
            for one in _of_call(ends, _Call(client, service, port)):
                if isinstance(one, NotUnderstood):
                    yield one
                else:
                    found.append(one)
    for one in _at_pods(ends):
        if isinstance(one, NotUnderstood):
            yield one
        else:
            found.append(one)
    yield from together(found)


def together(found: Iterable[AnswerChange]) -> Iterator[AnswerChange]:
    """Yield changes with those alike in one: first of clients, then of destinations."""
    by_clients: dict[object, AnswerChange] = {}
    for one in found:
        key = (one.destinations, _alike(one))
        had = by_clients.get(key)
        by_clients[key] = replace(had, clients=(*had.clients, *one.clients)) if had else one
    by_destinations: dict[object, AnswerChange] = {}
    for one in by_clients.values():
        key = (one.clients, _alike(one))
        had = by_destinations.get(key)
        joined = had and replace(had, destinations=(*had.destinations, *one.destinations))
        by_destinations[key] = joined or one
    yield from by_destinations.values()


def _alike(one: AnswerChange) -> object:
    return str(one.request), one.before, one.after, one.lines, one.same_version


def _destinations(ends: StageEnds) -> list[tuple[str, int]]:
    return list(
        dict.fromkeys(
            (service.name, port.number)
            for model in ends.models
            for service in services(model.state).values()
            if service.namespace == model.state.namespace
            for port in service.ports
        )
    )


def _source(model: Model, client: str) -> Source | None:
    if client == OUTSIDE.name:
        return OUTSIDE
    workload = ready_workloads(model).get(client)
    return source_of(workload) if workload else None


def _speech(model: Model, service: str, port: int) -> Speech:
    """Return what clients send to a port by the application's contract, else what it is declared to be."""
    application = model.state.application
    called = [application.entry]
    for one in model.pods():
        called += application.callees(one.app, one.version)
    for callee in called:
        if (callee.service, callee.port) == (service, port):
            return Speech.HTTP if callee.http else Speech.TCP
    return Speech.AS_DECLARED


def _of_call(ends: StageEnds, call: _Call) -> Iterator[AnswerChange | NotUnderstood]:
    plain = [call.request(model, _PLAIN) for model in ends.models]
    entries = [
        model.routes_of_call(request) if request else ()
        for model, request in zip(ends.models, plain, strict=True)
    ]
    if not any(entries):
        yield from _single(ends, call)
        return
    host = full_name(call.service, ends.after.state.namespace)
    pair = Pair(
        ends.models,
        ({"*": entries[0]}, {"*": entries[1]}),
        call.request,
        hosts=rf"{exactly(host)}(:{call.port})?",
        host=host,
        policies_changed=AUTHORIZATION_POLICY in ends.changed_kinds(),
    )
    changed: dict[object, list[Region]] = {}
    for one in regions(pair):
        if isinstance(one, Unknown):
            yield not_known(ends.stage, one)
        else:
            changed.setdefault((one.before, one.after), []).append(one)
    for group in changed.values():
        first = min(group, key=lambda one: size(one.request))
        yield _changed(ends, call, first, len(group) - 1)


def _changed(ends: StageEnds, call: _Call, one: Region, alike: int) -> AnswerChange:
    same = one.before == one.after
    before, after = in_words(one.before, one.after)
    if same:
        before, after = settings_words(one)
    whole = one.request == _PLAIN and not alike
    return AnswerChange(
        stages=(ends.stage,),
        clients=(call.client,),
        destinations=(f"{call.service}:{call.port}",),
        request=None if whole else one.request,
        alike=alike,
        before=before,
        after=after,
        lines=ends.lines(lambda model: _effect(call.answer(model, one.request)), decided_lines(one.answers)),
        same_version=same,
    )


def _effect(answer: Answer | None) -> Effect | None:
    return effect_of(answer) if answer else None


def _single(ends: StageEnds, call: _Call) -> Iterator[AnswerChange | NotUnderstood]:
    """Yield how a connection ends otherwise to which no route for HTTP is."""
    answers = [call.answer(model, _PLAIN) for model in ends.models]
    if answers[0] is None or answers[1] is None:
        return
    yield from _compared(
        ends,
        (call.client, f"{call.service}:{call.port}"),
        (answers[0], answers[1]),
        lambda model: call.answer(model, _PLAIN),
    )


def _compared(
    ends: StageEnds, names: tuple[str, str], answers: tuple[Answer, Answer], ask: _Ask
) -> Iterator[AnswerChange | NotUnderstood]:
    before, after = effect_of(answers[0]), effect_of(answers[1])
    for side, rule in ((0, before.unknown), (1, after.unknown)):
        if rule:
            yield not_known(ends.stage, Unknown(rule, side))
    if before == after or before.unknown or after.unknown:
        return
    words = in_words(before, after)
    yield AnswerChange(
        stages=(ends.stage,),
        clients=(names[0],),
        destinations=(names[1],),
        request=None,
        alike=0,
        before=words[0],
        after=words[1],
        lines=ends.lines(lambda model: _effect(ask(model)), decided_lines(answers)),
    )


def _at_pods(ends: StageEnds) -> Iterator[AnswerChange | NotUnderstood]:
    """Yield plaintext from outside of the mesh to pods' own ports that is answered in another way."""
    shared = [name for name in ready_workloads(ends.before) if name in ready_workloads(ends.after)]
    for name in shared:
        ports = {port for model in ends.models for port in model.open_ports(ready_workloads(model)[name])}
        for port in sorted(ports):
            answers = [model.answer_at_pod(name, port) for model in ends.models]
            yield from _compared(
                ends,
                (OUTSIDE.name, f"pods of {name} at port {port}"),
                (answers[0], answers[1]),
                lambda model, name=name, port=port: model.answer_at_pod(name, port),  # type: ignore[misc]
            )
