"""What is so whatever changes: nothing differs from itself, both ways mirror, examples are true."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from canary_conformance.differences.answer_effects import effect_of, in_words
from canary_conformance.differences.comparison import compared
from canary_conformance.differences.ingress_changes import request_at
from canary_conformance.differences.values import AnswerChange, Difference, ShownRequest
from canary_conformance.errors import BadInput
from canary_conformance.model.objects.questions import INGRESS_PORT, Ending
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.voting.static.static_runner import ReadFolder, read_folder
from tests.selftest.compared_manifests import side
from tools.mutants.catalogue import catalogue
from tools.mutants.edit_sites import sources_of
from tools.mutants.mutant import Mutant

# Some mistakes of the catalogue, more of those on routes, which move requests.
_EVERY = tuple(catalogue(sources_of(MANIFESTS)))
METHODS = ("GET", "POST", "HEAD", "OPTIONS")
PATHS = ("/", "/featureflag/set", "/featureflag/clear", "/?beta=1", "/new", "/static/x.css")
DRAWN_HEADERS = {
    "cookie": ("featureflag=on", "a=1; featureflag=on", "featureflag=ona", "featureflag=off", "a=1"),
    "x-tester": ("1", "true"),
    "x-beta": ("1", "true"),
    "user-agent": ("Mozilla/5.0 (iPhone; Mobile)",),
}
SAMPLE = tuple(one for at, one in enumerate(_EVERY) if at % (5 if "istio/step-3" in one.file else 40) == 0)


def read(mutant: Mutant) -> ReadFolder | None:
    """Return the manifests with a mistake, None where they are refused as they are read."""
    try:
        return read_folder(MANIFESTS, mutant.overlay)
    except BadInput:
        return None


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda one: one.name)
def test_differences_of_a_mistake(mutant: Mutant) -> None:
    wrong, right = read(mutant), side()
    if wrong is None:
        return
    assert compared(wrong, read_again(mutant), ("", "")).identical
    there, back = compared(right, wrong, ("", "")), compared(wrong, right, ("", ""))
    assert mirrored(there) == as_it_is(back)
    for found, plans in ((there, (right, wrong)), (back, (wrong, right))):
        for one in found.requests:
            replayed(one, plans)
        covered(found, plans, Random(mutant.name))
        changed = mutant.file != SCENARIO_FILE or found.objects or found.requirements
        assert found.identical is not bool(changed)
        assert found.decided or found.undecided


def read_again(mutant: Mutant) -> ReadFolder:
    found = read(mutant)
    assert found is not None
    return found


def as_it_is(one: Difference) -> object:
    """Return a difference as what both directions have to agree on; the shortest request is of either."""
    return (
        sorted((change.id, change.before, change.after) for change in one.requirements),
        sorted((change.stages, change.before, change.after, str(change.request)) for change in one.requests),
        sorted(
            (client, to, change.before, change.after, change.stages)
            for change in one.calls
            for client in change.clients
            for to in change.destinations
        ),
        sorted((change.workload, change.before, change.after) for change in one.pods),
        sorted((change.before, change.after) for change in one.legs),
        sorted((change.stage, change.fails) for change in one.pages),
        sorted({change.sentence for change in one.not_understood}),
    )


def mirrored(one: Difference) -> object:
    """Return a difference as the other direction has to find it."""
    return as_it_is(
        replace(
            one,
            requirements=tuple(replace(it, before=it.after, after=it.before) for it in one.requirements),
            # Where the same pods answer, the side after says what else differs, in both directions.
            requests=tuple(
                it
                if "by a route with other settings" in it.after
                else replace(it, before=it.after, after=it.before)
                for it in one.requests
            ),
            calls=tuple(replace(it, before=it.after, after=it.before) for it in one.calls),
            pods=tuple(replace(it, before=it.after, after=it.before) for it in one.pods),
            legs=tuple(replace(it, before=it.after, after=it.before) for it in one.legs),
            pages=tuple(replace(it, fails=not it.fails) for it in one.pages),
        )
    )


def replayed(one: AnswerChange, sides: tuple[ReadFolder, ReadFolder]) -> None:
    """Fail where a model, asked for the shown request, gives other pods than the change claims."""
    assert one.request is not None
    port = int(one.destinations[0].removeprefix("port "))
    for stage in one.stages:
        for read_side, words in zip(sides, (one.before, one.after), strict=True):
            answer = read_side.plan.after(stage).answer(request_at(port, one.request))
            for name in named(answer.outcomes):
                assert name in words, (name, words)


def covered(found: Difference, sides: tuple[ReadFolder, ReadFolder], chance: Random) -> None:
    """Fail where a request drawn by chance is answered otherwise, and no change shows or leaves it open."""
    open_stages = {stage for one in found.not_understood for stage in one.stages}
    for stage in found.stages:
        shown = {(one.before, one.after) for one in found.requests if stage in one.stages}
        for _ in range(20):
            request = request_at(INGRESS_PORT, drawn(chance))
            before, after = (effect_of(side.plan.after(stage).answer(request)) for side in sides)
            if stage in open_stages or found.identical:
                continue
            assert not before.unknown
            assert not after.unknown
            # The words of a path that is rewritten are of one example.
            rewritten = any(way.ending is Ending.REWRITTEN for way, _ in (*before.ways, *after.ways))
            assert before == after or in_words(before, after) in shown or (rewritten and shown), request


def drawn(chance: Random) -> ShownRequest:
    """Return a request with some of the headers, paths and hosts that mistakes ask for."""
    headers = {name: chance.choice(values) for name, values in DRAWN_HEADERS.items() if chance.random() < 0.3}
    host = chance.choice(["", "", "example.com", "M.EXAMPLE.com:80"])
    return ShownRequest(chance.choice(METHODS), chance.choice(PATHS), host, headers)


def named(outcomes: object) -> Iterator[str]:
    """Yield who answers by the model, or how it ends."""
    assert isinstance(outcomes, tuple)
    for outcome in outcomes:
        assert outcome.ending is not Ending.UNKNOWN
        yield from dict.fromkeys(outcome.pods or (str(outcome.ending),))


def test_the_sample_has_mistakes_that_move_requests() -> None:
    found = [compared(side(), read_side, ("", "")) for one in SAMPLE if (read_side := read(one))]
    assert sum(bool(one.requests) for one in found) > 3
    assert sum(bool(one.breaks) for one in found) > 6
