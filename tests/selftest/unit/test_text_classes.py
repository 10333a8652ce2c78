"""Texts that patterns cannot tell apart are one class, with a shortest text; two other engines agree."""

import contextlib
import itertools
import random
import re

import pytest

from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.model.patterns.text_classes import (
    AUTHORITIES,
    HEADER_VALUES,
    METHODS,
    PATHS,
    beginning,
    containing,
    ending,
    exactly,
    in_any_case,
    text_classes,
)
from canary_conformance.model.routing.route_matching import matches_whole
from canary_conformance.voting.feature_flag import OPENS


def examples(*patterns: str, within: str = HEADER_VALUES) -> dict[str, str]:
    """Return the example of each combination of matches ("10": the first pattern only)."""
    classes = text_classes(patterns, within)
    return {"".join("01"[fits] for fits in one.fits): one.example for one in classes}


@pytest.mark.parametrize(
    "same",
    [
        OPENS,
        r"(.*;)? ?featureflag=on(;.*)?",
        "(?:.*; |.*;)?featureflag=on(?:;.*)?",
        r"^(.*;[ ]{0,1})?feature[f]lag\x3don(;.*)?$",
        r"\A(?U:(.*?; ?)?)(?P<flag>featureflag=on)(?s:;.*)?\z",
        r"(?m)^(.*?; ?)?\Qfeatureflag=on\E(;.*)?$",
        r"(?i)(?-i)^(.*?; ?)??(featureflag=on){1}(;.*|)$",
    ],
)
def test_another_way_to_write_a_pattern_has_no_difference(same: str) -> None:
    assert set(examples(OPENS, same)) == {"00", "11"}


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (r"^(.*?; ?)?(featureflag=on)([;,].*)?$", "featureflag=on,"),
        (r"^(.*?[;,] ?)?(featureflag=on)(;.*)?$", ",featureflag=on"),
        (r"^(.*?;\s?)?(featureflag=on)(;.*)?$", ";\tfeatureflag=on"),
        (r"(?i)^(.*?; ?)?(featureflag=on)(;.*)?$", "featureflag=oN"),
        (r"^(.*?; ?)?(featureflag=on)(;.*)?$|beta=1", "beta=1"),
        (r"^(.*?; ?)?(featureflag=(on|true))(;.*)?$", "featureflag=true"),
        (r"^(.*?; ?)?((Secure-)?featureflag=on)(;.*)?$", "Secure-featureflag=on"),
        (r".*\bfeatureflag=on\b.*", "featureflag=on="),
    ],
)
def test_what_only_the_second_pattern_matches_has_a_shortest_text(pattern: str, example: str) -> None:
    found = examples(OPENS, pattern)["01"]
    assert len(found) == len(example)
    assert matches_whole(pattern, found)
    assert not matches_whole(OPENS, found)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a|bc", "a"),
        ("x(a|bc)y", "xay"),
        ("(?:a|b)+c?", "a"),
        ("[0-9]{3}", "000"),
        ("[^a-z0-9]", "A"),
        (r"v\d+\.\d+", "v0.0"),
        ("a{2,}", "aa"),
        ("(?i)ABC", "abc"),
        ("[[:upper:]][[:^alpha:]]", "A0"),
        (r"\x41\x{42}\060", "AB0"),
        (r"a\b.b", "a=b"),
        (r"a\B.b", "aab"),
        ("ü+", "ü"),
        (exactly("a.b*\\Qc"), "a.b*\\Qc"),
        (beginning("["), "["),
        (ending("]x"), "]x"),
        (containing("{2}"), "{2}"),
        (in_any_case(exactly("A.b")), "a.b"),
    ],
)
def test_a_shortest_text_that_matches(pattern: str, text: str) -> None:
    assert examples(pattern)["1"] == text


@pytest.mark.parametrize(
    "pattern",
    ["(?!a)b", "a(?i){2}", "a{900}", "[[:abc]", "(", r"\pL", r"[\x{e0}-\x{ff}]", "(" * 2000 + ")" * 2000],
)
def test_what_is_not_read_has_no_classes(pattern: str) -> None:
    with pytest.raises(Unreadable):
        text_classes([pattern])


def test_patterns_that_are_too_large_together_have_no_classes() -> None:
    with pytest.raises(Unreadable):
        text_classes([f".*a.{{{length}}}" for length in (14, 15, 16)])


def test_values_that_a_property_cannot_have_are_left_out() -> None:
    assert set(examples(" a", "a", "a ", "")) == {"0000", "0100", "0001"}
    assert examples("POST", "post", "BREW", within=METHODS) == {"000": "GET", "100": "POST"}
    paths = [exactly(path) for path in ("/a/", "/a?b=1", "//", "/%61")]
    assert examples(*paths, within=PATHS) == {"0000": "/", "1000": "/a/"}
    assert set(examples(ending(".example.com"), within=AUTHORITIES)) == {"0", "1"}


def test_every_combination_of_a_small_alphabet_is_found_with_a_shortest_text() -> None:
    """By enumeration: whatever texts of up to five letters show, and nothing shorter is missed."""
    letters = random.Random(22)
    for _ in range(60):
        patterns = [_pattern(letters, 3) for _ in range(2)]
        shortest: dict[tuple[bool, ...], int] = {}
        for length in range(6):
            for chars in itertools.product("ab;", repeat=length):
                text = "".join(chars)
                fits = tuple(matches_whole(pattern, text) for pattern in patterns)
                shortest.setdefault(fits, length)
        classes = {one.fits: len(one.example) for one in text_classes(patterns, "[ab;]*")}
        assert {fits: length for fits, length in classes.items() if length < 6} == shortest, patterns


def test_python_agrees_on_random_patterns() -> None:
    letters = random.Random(2022)
    for _ in range(200):
        pattern = _pattern(letters, 4)
        for one in text_classes([pattern, OPENS]):
            # Python before 3.14 has no \B in an empty text.
            assert not one.example or (re.fullmatch(pattern, one.example) is not None) is one.fits[0], pattern


_PARTS = (
    *"ab01.*+?|()[]{}^$-,:<>;= ",
    *(
        "(?i)", "(?-i)", "(?:", "(?P<n>", "(?s:", "[^", "[a-f]", "[[:alpha:]]", "{2}", "{1,3}", r"\x41",
        r"\Q", r"\E",
    ),
    *(r"\d", r"\W", r"\s", r"\b", r"\B", r"\A", r"\z", r"\t", r"\.", "\\", "\xe9"),
)  # fmt: skip


def test_whatever_re2_takes_is_read_as_re2_reads_it_or_not_at_all() -> None:
    """The examples are matched again by RE2 within; where it disagrees, AssertionError is raised."""
    parts = random.Random(22)
    read = 0
    for _ in range(3000):
        pattern = "".join(parts.choice(_PARTS) for _ in range(parts.randint(1, 12)))
        with contextlib.suppress(Unreadable):
            text_classes([pattern])
            read += 1
    assert read > 300


def _pattern(letters: random.Random, depth: int) -> str:
    """Return a random pattern in what RE2 and Python have in common."""
    kind = letters.randrange(9 if depth else 3)
    if kind < 2 or not depth:
        return letters.choice("ab;")
    if kind == 2:
        return letters.choice([".", "[ab]", "[^a]", r"\w", r"\W", "(?i:A)"])
    inner = _pattern(letters, depth - 1)
    if kind < 6:
        return inner + _pattern(letters, depth - 1)
    if kind == 6:
        return f"(?:{inner}|{_pattern(letters, depth - 1)})"
    if kind == 7:
        return f"(?:{inner}){letters.choice(['*', '+', '?', '*?', '{0,2}', '{2}', '{1,}'])}"
    return letters.choice([rf"\b{inner}", rf"{inner}\B", f"^{inner}", f"{inner}$", f"({inner})"])
