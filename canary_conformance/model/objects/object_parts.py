"""Reading an object's parts without trusting their types, each with the line that it stands in.

An object that the model reads may hold anything that YAML can hold. A part of the wrong type, or one that the
model does not support, is noted as a problem and read as absent: the answers that use the object are then
"unknown" and name the place, instead of a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from canary_conformance.model.objects.questions import Rule
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Place

# A value is quoted in a message up to this length.
_LONGEST_QUOTE = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an object: its path and value (None when absent), and the list that problems go to."""

    manifest: Manifest
    value: Any
    path: tuple[str | int, ...] = ()
    problems: list[Rule] = field(default_factory=list)

    @classmethod
    def whole(cls, manifest: Manifest) -> Part:
        """Return an object as a part, with no problems yet."""
        return cls(manifest, manifest.body)

    @property
    def place(self) -> Place:
        """Where the part stands; an absent one, where the deepest part around it stands."""
        return self.manifest.place_of(*self.path)

    @property
    def name(self) -> str:
        """The path as people write it, like "spec.http[0].match"."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return "".join(parts).removeprefix(".")

    def __bool__(self) -> bool:
        return self.value is not None

    def __getitem__(self, key: str) -> Part:
        """Return what a mapping holds under a key; absent when this is absent or no mapping."""
        if self.value is None:
            return self._child(key, None)
        if not isinstance(self.value, Mapping):
            self.refuse("a mapping")
            return self._child(key, None)
        return self._child(key, self.value.get(key))

    def at(self, *keys: str) -> Part:
        """Return what lies under several keys, one within the other."""
        part = self
        for key in keys:
            part = part[key]
        return part

    def items(self) -> list[Part]:
        """Return the items of a list; none when this is absent or no list."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.refuse("a list")
            return []
        return [self._child(index, value) for index, value in enumerate(self.value)]

    def entries(self) -> dict[str, Part]:
        """Return the parts of a mapping by their keys; none when this is absent or no mapping."""
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            self.refuse("a mapping")
            return {}
        return {key: self._child(key, value) for key, value in self.value.items() if isinstance(key, str)}

    def text(self, default: str = "") -> str:
        """Return a text, or the default when this is absent or no text."""
        if isinstance(self.value, str):
            return self.value
        if self.value is not None:
            self.refuse("a text")
        return default

    def number(self, default: int | None = None) -> int | None:
        """Return an integer, or the default when this is absent or no integer."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        if self.value is not None:
            self.refuse("an integer")
        return default

    def flag(self) -> bool:
        """Return a boolean, False when this is absent or no boolean."""
        if self.value is not None and not isinstance(self.value, bool):
            self.refuse("true or false")
        return self.value is True

    def texts(self) -> tuple[str, ...]:
        """Return the texts of a list."""
        return tuple(text for item in self.items() if (text := item.text()))

    def labels(self) -> dict[str, str]:
        """Return a mapping of texts, like labels; what isn't a text is left out and noted."""
        found = {}
        for key, part in self.entries().items():
            # An empty label is written as null, too.
            if part.value is None or isinstance(part.value, str):
                found[key] = part.value or ""
            else:
                part.refuse("a text")
        return found

    def refuse(self, wanted: str) -> None:
        """Note that this part isn't what it has to be."""
        quoted = repr(self.value)
        if len(quoted) > _LONGEST_QUOTE:
            quoted = f"{quoted[:_LONGEST_QUOTE]}..."
        self.problem(f"must be {wanted}, not {quoted}")

    def problem(self, what: str) -> None:
        """Note what keeps the model from understanding this part, once."""
        rule = Rule(self.place, f"{self.manifest.ref} {self.name}: {what}")
        if rule not in self.problems:
            self.problems.append(rule)

    def only(self, spoken: Collection[str]) -> None:
        """Note every key of this mapping that is not among those that the model supports."""
        for key, part in self.entries().items():
            if key not in spoken and part:
                part.problem("the model does not support this field")

    def rule(self, sentence: str) -> Rule:
        """Return this part as what decided, with one clause about it."""
        return Rule(self.place, sentence)

    def _child(self, key: str | int, value: Any) -> Part:
        return Part(self.manifest, value, (*self.path, key), self.problems)
