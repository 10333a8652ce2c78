"""Classes of requests: all that a list of routes treats alike, decided property by property.

What a route asks of a request is a conjunction: of its method, its path, its authority, of each header and of
each parameter of its query. The values of each property fall into classes that no pattern distinguishes
(text_classes), so that a set of requests is a product of such classes, one for each property. Of what is
left, each route takes its part in turn, as Envoy tries them; what results is exact and finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from canary_conformance.model.patterns.match_conditions import (
    PATH,
    SCHEME,
    WITHIN,
    Kind,
    Property,
    conditions,
)
from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.model.patterns.text_classes import ALL_PATHS, PATHS, text_classes
from canary_conformance.model.routing.route_matching import Match, matches_whole
from canary_conformance.scenario.places import Place

_MOST_CLASSES = 1000
# Rather than an empty value, where all values are alike.
_ANY_VALUE = "1"


# What is not sent is a value of its own: None.
_OPTIONAL = frozenset({Kind.HEADER, Kind.QUERY})


Texts = Mapping[Property, str | None]
"""A request as the values of its properties; None is what is not sent."""


class NotDecided(Exception):
    """What routes ask for is beyond the decision; `place` is the line."""

    def __init__(self, place: Place, words: str) -> None:
        super().__init__(f"{place}: {words}")
        self.place = place


@dataclass(frozen=True, slots=True)
class RequestClass:
    """Requests that all routes treat alike.

    Attributes:
        taken_by: the number of the match that takes them, None where none does.
        texts: for each property that the routes ask about, an example of each class of values; requests of
            this class have any of them, in any combination.
    """

    taken_by: int | None
    texts: Mapping[Property, tuple[str | None, ...]] = field(hash=False)

    def only(self, of: Property, keeps: Callable[[str | None], bool]) -> RequestClass | None:
        """Return those with some values of a property only, None where there are none.

        keeps must be the same for all values of a class: see `also` of request_classes().
        """
        kept = tuple(text for text in self.texts.get(of, ()) if keeps(text))
        return RequestClass(self.taken_by, {**self.texts, of: kept}) if kept else None

    def examples(self, *varied: Property) -> Iterator[Texts]:
        """Yield the simplest requests: one for each combination of the values of the properties to vary."""
        return _examples(self.texts, varied)


def request_classes(
    matches: Sequence[Match | None],
    also: Mapping[Property, Iterable[str]],
    preferred: Mapping[Property, Sequence[str | None]],
    within: Mapping[Property, str] | None = None,
) -> tuple[RequestClass, ...]:
    """Divide all requests by the first of the matches that takes them.

    Args:
        matches: what the routes at a proxy ask for, in their order; None takes all.
        also: patterns that are to be distinguished, too, whatever the routes ask for.
        preferred: texts that are to stand for their classes where they are of them, the likeliest first.
        within: patterns of the values that a property can have, where they are fewer than HTTP allows.

    Returns:
        The classes. Properties that neither the matches nor `also` name are in none of them.

    Raises:
        NotDecided: A pattern is not read, or there are too many classes.
    """
    space = _Space(matches, also, preferred, within or {})
    return tuple(
        RequestClass(number, space.named(box)) for number, box in _shared_out(space, matches, space.whole())
    )


@dataclass(frozen=True, slots=True)
class JointClass:
    """Requests that all routes of several proxies treat alike.

    Attributes:
        taken_by: for each list of matches the number of the one that takes them, None where none does.
        texts: see RequestClass.
    """

    taken_by: tuple[int | None, ...]
    texts: Mapping[Property, tuple[str | None, ...]] = field(hash=False)

    def examples(self, *varied: Property) -> Iterator[Texts]:
        """Yield the simplest requests, as those of a RequestClass."""
        return _examples(self.texts, varied)


def joint_classes(
    lists: Sequence[Sequence[Match | None]],
    also: Mapping[Property, Iterable[str]],
    preferred: Mapping[Property, Sequence[str | None]],
    within: Mapping[Property, str] | None = None,
) -> tuple[JointClass, ...]:
    """Divide all requests by the first match of each of several lists that takes them.

    So two sets of routes are compared for all requests. See request_classes() for the arguments, and for what
    it raises.
    """
    space = _Space([match for matches in lists for match in matches], also, preferred, within or {})
    found: list[tuple[tuple[int | None, ...], _Box]] = [((), space.whole())]
    for matches in lists:
        found = [
            ((*taken, number), part)
            for taken, box in found
            for number, part in _shared_out(space, matches, box)
        ]
        if len(found) > _MOST_CLASSES:
            raise _too_many(next((match for match in matches if match), None))
    return tuple(JointClass(taken, space.named(box)) for taken, box in found)


def left_undecided(matches: Sequence[Match | None]) -> str:
    """Return what matches ask for that no request of the classes shows, "" for nothing.

    Paths that a proxy rewrites before it matches (escapes, doubled slashes) are in no class.

    Raises:
        NotDecided: see request_classes().
    """
    asked = [(match, one) for match in matches if match for one in conditions(match) if one.of == PATH]
    patterns = [one.pattern for _, one in asked]
    try:
        shown, all_there_are = text_classes(patterns, PATHS), text_classes(patterns, ALL_PATHS)
    except Unreadable as unread:
        raise NotDecided(
            asked[0][0].place, f"the model does not compare the patterns of paths: {unread}"
        ) from None
    known = {one.fits for one in shown}
    strange = next((one for one in all_there_are if one.fits not in known), None)
    if strange is None:
        return ""
    place = next(match.place for (match, _), fits in zip(asked, strange.fits, strict=True) if fits)
    return f"{place}: the model does not know how a proxy rewrites a path like {strange.example}"


def telling_texts(
    matches: Sequence[Match | None], also: Mapping[Property, Iterable[str]] | None = None
) -> Mapping[Property, tuple[str | None, ...]]:
    """Return an example of each class of values of every property that matches ask about.

    None stands for a header or a parameter that is not sent. Sent in all combinations, they find out all that
    the matches distinguish. also: see request_classes(), as for what it raises.
    """
    return _Space(matches, also or {}, {}, {}).texts


def _examples(
    texts: Mapping[Property, tuple[str | None, ...]], varied: Sequence[Property]
) -> Iterator[Texts]:
    chosen = [values if of in varied else values[:1] for of, values in texts.items()]
    for values in product(*chosen):
        yield dict(zip(texts, values, strict=True))


_Box = tuple[int, ...]
"""A product of sets of classes, one set for each property, as bits."""


def _shared_out(space: _Space, matches: Sequence[Match | None], whole: _Box) -> list[tuple[int | None, _Box]]:
    """Return the parts of a box, each with the number of the first match that takes it, None for no match."""
    left = [whole]
    found: list[tuple[int | None, _Box]] = []
    for number, match in enumerate(matches):
        wanted = space.masks(match)
        rest = []
        for box in left:
            taken = tuple(one & mask for one, mask in zip(box, wanted or box, strict=True))
            if wanted is None or not all(taken):
                rest.append(box)
                continue
            found.append((number, taken))
            rest += _without(box, taken)
        left = rest
        if len(found) + len(left) > _MOST_CLASSES:
            raise _too_many(match)
    return [*found, *((None, box) for box in left)]


def _too_many(match: Match | None) -> NotDecided:
    return NotDecided(
        match.place if match else Place("", 0),
        "the routes tell too many kinds of requests apart to decide them",
    )


def _without(box: _Box, taken: _Box) -> Iterator[_Box]:
    """Yield what is left of a box, in boxes that do not overlap."""
    for index, (one, mask) in enumerate(zip(box, taken, strict=True)):
        if one & ~mask:
            yield (*taken[:index], one & ~mask, *box[index + 1 :])


class _Space:
    """The classes of values of each property."""

    def __init__(
        self,
        matches: Sequence[Match | None],
        also: Mapping[Property, Iterable[str]],
        preferred: Mapping[Property, Sequence[str | None]],
        within: Mapping[Property, str],
    ) -> None:
        self._conditions = {match: tuple(conditions(match)) for match in matches if match}
        patterns: dict[Property, dict[str, Place | None]] = {
            of: dict.fromkeys(some) for of, some in also.items()
        }
        for match, asked in self._conditions.items():
            for one in asked:
                patterns.setdefault(one.of, {}).setdefault(one.pattern, match.place)
        self._texts = {
            of: _texts(of, some, preferred.get(of, ()), within.get(of, WITHIN[of.kind]))
            for of, some in patterns.items()
        }

    @property
    def texts(self) -> Mapping[Property, tuple[str | None, ...]]:
        """An example of each class of values, by property."""
        return self._texts

    def whole(self) -> _Box:
        """Return all requests."""
        return tuple((1 << len(texts)) - 1 for texts in self._texts.values())

    def masks(self, match: Match | None) -> _Box | None:
        """Return what a match takes, None for nothing at all."""
        if match and not all(wanted.fits(SCHEME) for name, wanted in match.texts if name == "scheme"):
            return None
        wanted = dict(zip(self._texts, self.whole(), strict=True))
        for one in self._conditions[match] if match else ():
            bits = (1 << at for at, text in enumerate(self._texts[one.of]) if one.holds(text))
            wanted[one.of] &= sum(bits)
        return tuple(wanted.values())

    def named(self, box: _Box) -> Mapping[Property, tuple[str | None, ...]]:
        """Return an example of each class of values that a box has, by property."""
        pairs = zip(self._texts.items(), box, strict=True)
        return {
            of: tuple(text for at, text in enumerate(texts) if mask >> at & 1) for (of, texts), mask in pairs
        }


def _texts(
    of: Property, patterns: Mapping[str, Place | None], preferred: Sequence[str | None], within: str
) -> tuple[str | None, ...]:
    """Return an example of each class of a property's values, the likeliest first."""
    try:
        classes = text_classes(patterns, within)
    except Unreadable as unread:
        place = next((place for pattern, place in patterns.items() if pattern == str(unread)), None)
        place = place or next((place for place in patterns.values() if place), Place("", 0))
        raise NotDecided(place, f"the model does not compare the patterns of the {of}: {unread}") from None
    shown: dict[tuple[bool, ...], str | None] = {}
    for text in (*preferred, _ANY_VALUE):
        if text is not None and matches_whole(within, text):
            shown.setdefault(tuple(matches_whole(pattern, text) for pattern in patterns), text)
    first = [None] if of.kind in _OPTIONAL else []
    known = [shown.get(one.fits, one.example) for one in classes]
    order = {text: at for at, text in enumerate(preferred)}
    return tuple(sorted([*first, *known], key=lambda text: order.get(text, len(order))))
