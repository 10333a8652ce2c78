"""Judges of values that are compared, not sampled: object lists, tables, matrices. Luck plays no part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from canary_conformance.scenario.observations import Sent
from canary_conformance.scenario.stages import Verb
from canary_conformance.verdicts.checks import Check, requirement_of
from canary_conformance.verdicts.statistics import Unjudgeable
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.verdicts.wording import (
    cell_name,
    examples_of,
    first_rows,
    instead,
    late_times,
    listed,
    quote,
    sent_by,
    shorten,
    tally,
)

T = TypeVar("T")
Cell = TypeVar("Cell")

_LONGEST_HEADING = 300  # a heading is wrapped where it is printed; this only bounds it


def same(expected: object, called: str = "values", fine: str = "") -> Callable[[object], Verdict]:
    """Judge that what was seen equals what was expected; each difference is shown.

    Collections are compared by their members as text, in any order, duplicates counted; mappings key by key;
    anything else by ==. Where nothing is the right answer (R6.1), use nothing().

    Args:
        expected: the right value.
        called: the noun of the values ("created objects"); for True, the sentence that is to be true.
        fine: what the verdict says when it holds, where "3 of 3 created objects" is not it.
    """
    if isinstance(expected, Mapping):
        return lambda seen: _of_mapping(expected, seen, called, fine)
    wanted = _members(expected)
    if wanted is None:
        return lambda seen: _of_value(expected, seen, called, fine)

    def judge(seen: object) -> Verdict:
        found = _members(seen)
        if found is None:
            return _of_value(expected, seen, called, fine)
        missing, strange = wanted - found, found - wanted
        of_all = f"{missing.total()} of {wanted.total()} {called}"
        difference = [f"{of_all} missing: {_counted(missing)}"] if missing else []
        difference += [f"{strange.total()} unexpected {called}: {_counted(strange)}"] if strange else []
        requirement = f"{wanted.total()} {called}: {_counted(wanted)}" if wanted else f"no {called}"
        held = f"{found.total()} of {wanted.total()} {called}" if wanted else f"no {called}"
        return compared(requirement, difference, fine or held, found.total())

    return judge


def nothing(called: str, fine: str = "") -> Callable[[object], Verdict]:
    """Judge that there is nothing: no warnings, no objects left (R6.1).

    Args:
        called: the noun of what must not be there.
        fine: what the verdict says when it holds, where "no warnings" is not it.
    """

    def judge(seen: object) -> Verdict:
        verdict = same({} if isinstance(seen, Mapping) else (), called, fine)(seen)
        return replace(verdict, of_nothing=True)

    return judge


def includes(expected: Collection[str], called: str) -> Callable[[Collection[str]], Verdict]:
    """Judge that each expected one is among what was seen, where others may be too; called: their noun."""

    def judge(seen: Collection[str]) -> Verdict:
        missing = [name for name in expected if name not in seen]
        row = f"{len(missing)} of {len(expected)} {called} missing: {listed(missing)}"
        required = f"{len(expected)} {called}: {listed(list(expected))}"
        fine = f"{len(expected)} of {len(expected)} {called}"
        return compared(required, [row] if missing else [], fine, len(seen) if expected else 0)

    return judge


def counted(expected: Mapping[str, int], what: str) -> Callable[[Mapping[str, int]], Verdict]:
    """Judge how many there are of each: 3 pods of voting-app 1.0 are ready, and of nothing else.

    Args:
        expected: the right numbers by name.
        what: what is counted, and as what it counts ("pods ready").
    """
    total = sum(expected.values())
    requirement = f"{total} {what}: {tally(expected)}"

    def judge(seen: Mapping[str, int]) -> Verdict:
        wrong = {name: seen.get(name, 0) for name in (*expected, *seen)}
        wrong = {name: number for name, number in wrong.items() if number != expected.get(name, 0)}
        rows = [
            f"{name}: {number} of {expected[name]} {what}"
            if name in expected
            else f"{name.strip()}: {number} {what}, where none should be"
            for name, number in wrong.items()
        ]
        return compared(requirement, first_rows(rows), f"{total} of {total} {what}", len(seen))

    return judge


def matrix(
    expected: Mapping[Cell, Check[T]],
    noun: str,
    fine: str = "",
    sent: Callable[[Cell], Sent | None] = lambda _: None,
) -> Callable[[Mapping[Cell, T]], Verdict]:
    """Judge each of several observations by its own check: who may reach whom, which cookie opens 2.0.

    Every expected one must have been observed, and no other. Equal complaints are one line, with the names
    that they are about. Source: R4.5, R4.8; for plain values see checks.exactly.

    Args:
        expected: the check of each observation, by its name or its parts (a source and a destination).
        noun: what is observed ("cookies", "connections").
        fine: what the verdict says when it holds, where "4 of 4 cookies were REQUIREMENT" is not it.
        sent: what was sent for one of them, where the observation itself does not say.

    Raises:
        Unjudgeable: nothing is expected.
    """
    if not expected:
        raise Unjudgeable("a matrix without cells judges nothing")
    number = len(expected)
    requirements = Counter(requirement_of(check) for check in expected.values())
    alike, held = _alike(requirements), fine
    required = f"{number} {noun}: {alike}"
    if number == 1:
        required = f"{cell_name(next(iter(expected)))}: {alike.removeprefix('each ')}"
    if not fine:
        held = required if number == 1 else f"{number} of {required}"
        if len(requirements) == 1:
            held = held.replace(": each ", " ")

    def judge(seen: Mapping[Cell, T]) -> Verdict:
        wrong = [
            (cell, instead(complaint, requirement_of(check)))
            for cell, check in expected.items()
            if cell in seen and (complaint := check(seen[cell]))
        ]
        missing = [(cell, "were not observed") for cell in expected if cell not in seen]
        strange = [cell_name(cell) for cell in seen if cell not in expected]
        rows = _grouped([*wrong, *missing], number, noun)
        rows += [f"{len(strange)} more {noun} than expected: {listed(strange)}"] if strange else []
        verdict = compared(
            required,
            first_rows(rows),
            held,
            len(seen),
            _first([*wrong, *missing], number, noun),
            examples_of([(text, f"{cell_name(cell)}: {quote(seen[cell])}") for cell, text in wrong]),
        )
        late = () if missing or strange else late_times([seen[cell] for cell, _ in wrong])
        return replace(verdict, requests=sent_by(sent(cell) or seen[cell] for cell, _ in wrong), late=late)

    return judge


def compared(
    expected: str,
    difference: list[str],
    fine: str,
    size: int,
    brief: str = "",
    examples: tuple[str, ...] = (),
) -> Verdict:
    """Return the verdict on compared values: it holds when there is no difference.

    Args:
        expected: what was to be seen.
        difference: what was seen instead, a line each.
        fine: what to say when nothing differs.
        size: how many values were seen.
        brief: the difference in a few words; its first line where none are given.
        examples: at most two quotations.
    """
    return Verdict(
        held=not difference,
        expected=expected,
        seen="\n".join(difference) if difference else fine,
        evidence=(brief or shorten(difference[0], _LONGEST_HEADING)) if difference else fine,
        examples=examples,
        sample_size=size,
        false_alarm=None,
        smallest_leak=None,
    )


def _of_mapping(expected: Mapping[object, object], seen: object, called: str, fine: str) -> Verdict:
    if not isinstance(seen, Mapping):
        return _of_value(dict(expected), seen, called, fine)
    wanted, found = ({str(key): str(value) for key, value in one.items()} for one in (expected, seen))
    rows = [f"{key}: missing" for key in wanted if key not in found]
    rows += [f"{key}: unexpected ({_text(value)})" for key, value in found.items() if key not in wanted]
    rows += [
        f"{key}: {_text(found[key])} instead of {_text(value)}"
        for key, value in wanted.items()
        if found.get(key, value) != value
    ]
    number = len(wanted)
    heading = [f"{len(rows)} of {max(number, len(rows))} {called} are wrong"] if len(rows) > 1 else []
    requirement = f"{number} {called}: {listed([f'{key}: {_text(value)}' for key, value in wanted.items()])}"
    held = f"{number} of {number} {called}" if number else f"no {called}"
    return compared(requirement if number else held, [*heading, *first_rows(rows)], fine or held, len(found))


def _of_value(expected: object, seen: object, called: str, fine: str) -> Verdict:
    if expected is True:
        return compared(called, [] if seen is True else [f"not true: {called}"], fine or called, 1)
    difference = [] if seen == expected else [f"{called}: {_text(seen)} instead of {_text(expected)}"]
    return compared(f"{called}: {_text(expected)}", difference, fine or f"{called}: {_text(expected)}", 1)


def _grouped(wrong: list[tuple[Cell, str]], number: int, noun: str) -> list[str]:
    """Return the complaints, the most frequent first, each with the names that it is about."""
    if number == 1:
        return [f"{cell_name(cell)}: {text.removeprefix('were ')}" for cell, text in wrong]
    return [f"{_brief(len(names), number, noun, text)}: {listed(names)}" for text, names in _by_text(wrong)]


def _first(wrong: list[tuple[Cell, str]], number: int, noun: str) -> str:
    """Return the most frequent complaint without names, or the only one with its name; "" without any."""
    if not wrong:
        return ""
    if len(wrong) == 1:
        (cell, text), *_ = wrong
        return f"{cell_name(cell)}: {shorten(text.removeprefix('were '), 160)}"
    text, names = _by_text(wrong)[0]
    return _brief(len(names), number, noun, text)


def _by_text(wrong: list[tuple[Cell, str]]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for cell, text in wrong:
        groups.setdefault(shorten(text, 160), []).append(cell_name(cell))
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _brief(count: int, number: int, noun: str, text: str) -> str:
    verb = f"was {text.removeprefix('were ')}" if count == 1 and text.startswith("were ") else text
    return f"{count} of {number} {noun} {verb}"


def _alike(requirements: Counter[str]) -> str:
    if len(requirements) == 1:
        return f"each {next(iter(requirements))}"
    return listed([f"{count} {requirement}" for requirement, count in requirements.most_common()])


def _members(value: object) -> Counter[str] | None:
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        return None
    return Counter(str(member) for member in value)


def _counted(members: Counter[str]) -> str:
    several = {name: f" ({count} times)" if count > 1 else "" for name, count in members.items()}
    return listed([f"{name}{several[name]}" for name in sorted(members)])


def _text(value: object) -> str:
    return shorten(str(value)) or "(nothing)"


def is_unchanged(text: str) -> bool:
    """Return whether "Service/voting-app unchanged" or the like is about an object that stays as it is."""
    return text.endswith(f" {Verb.UNCHANGED}")


def listed_objects(listed: Sequence[str]) -> Callable[[Sequence[str]], Verdict]:
    """Judge that objects ("Service/voting-app created") are those listed, unchanged ones left out.

    An object that is applied word for word as it is there already stays as it is: `kubectl apply` prints
    "unchanged", and nobody lists it (R0.1). It is reported, not judged.
    """

    def judge(seen: Sequence[str]) -> Verdict:
        unchanged = [text for text in seen if is_unchanged(text)]
        verdict = same(listed, "objects")([text for text in seen if not is_unchanged(text)])
        again = f"{', '.join(unchanged)} (applied again word for word)"
        return replace(verdict, remark=again if unchanged else "")

    return judge
