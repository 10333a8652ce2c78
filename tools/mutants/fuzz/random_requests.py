"""Random requests from the alphabet of routes: what their patterns distinguish, and texts close to that."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from canary_conformance.model.patterns.match_conditions import AUTHORITY, METHOD, PATH, WITHIN, Kind, Property
from canary_conformance.model.patterns.request_classes import NotDecided, telling_texts
from canary_conformance.model.routing.route_matching import Match, matches_whole
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING
from canary_conformance.voting.static.static_requests import COOKIE, METHODS, PATHS

_LETTERS = "abefglnorut=;, .-_/1A"
_JOINTS = ("; ", ";", ",", "", " ")
_COOKIES = Property(Kind.HEADER, COOKIE)
# What no route of ours asks for, and a wrong one may.
_OTHERS = {
    Property(Kind.HEADER, "x-canary"): ("true", "featureflag=on"),
    Property(Kind.HEADER, "user-agent"): ("Mozilla/5.0 (iPhone) Safari/604.1", "curl/8.16.0"),
    Property(Kind.QUERY, "featureflag"): ("on", ""),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes over the wire; str shows it in a line.

    Attributes:
        headers: one of each name; without "host" the gateway's address is called. The model knows none that
            are repeated: Envoy matches each of them by itself since 1.39, and joined before (seen in 1.40).
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=())

    def __str__(self) -> str:
        headers = "".join(f"; {name}: {text!r}" for name, text in self.headers)
        return f"{self.method} {self.path}{headers}"


class RandomRequests:
    """Requests for one list of routes, the same ones for the same seed."""

    def __init__(self, matches: Sequence[Match | None], seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 (anyone can draw them again)
        also = {METHOD: METHODS, PATH: [path.replace(".", r"\.") for path in PATHS]}
        try:
            found = telling_texts(matches, also)
        except NotDecided:
            # Their patterns are not read, and what is not made from them is still sent.
            found = telling_texts([], also)
        texts = {of: [text for text in some if text is not None] for of, some in found.items()}
        texts.setdefault(_COOKIES, [])
        texts[_COOKIES] += [*OPENING, *NEAR_MISSES]
        self._idle = {of for of in _OTHERS if of not in texts}
        self._texts = {**{of: list(some) for of, some in _OTHERS.items()}, **texts}

    def next(self) -> Sent:
        """Return another request."""
        chosen = {of: self._text(of) for of in self._texts}
        headers = []
        for of, text in chosen.items():
            if text is None or of.kind not in {Kind.HEADER, Kind.AUTHORITY}:
                continue
            name = of.name if of.kind is Kind.HEADER else "host"
            headers.append((name, text))
        pairs = [
            f"{of.name}={text}" for of, text in chosen.items() if of.kind is Kind.QUERY and text is not None
        ]
        self._chance.shuffle(pairs)
        query = f"?{'&'.join(pairs)}" if pairs else ""
        return Sent(chosen.get(METHOD) or "GET", f"{chosen.get(PATH) or '/'}{query}", tuple(headers))

    def _text(self, of: Property) -> str | None:
        chance = self._chance.random()
        # Most requests are for the page, which shows the version that serves it.
        plain = {METHOD: 0.7, PATH: 0.6, AUTHORITY: 0.8, _COOKIES: 0.15}.get(
            of, 0.9 if of in self._idle else 0.3
        )
        if chance < plain:
            return None
        text = self._chance.choice(self._texts[of]) if self._texts[of] else ""
        chance = self._chance.random()
        if chance < 0.3:
            other = self._chance.choice(self._texts[of]) if self._texts[of] else ""
            text = f"{text}{self._chance.choice(_JOINTS)}{other}"
        elif chance < 0.6:
            text = self._changed(text)
        return text if matches_whole(WITHIN[of.kind], text) else None

    def _changed(self, text: str) -> str:
        """Return a text with one character left out, put in, or replaced."""
        at = self._chance.randint(0, len(text))
        letter: str = self._chance.choice([*_LETTERS, ""])
        return text[:at] + letter + text[at + self._chance.randint(0, 1) :]
