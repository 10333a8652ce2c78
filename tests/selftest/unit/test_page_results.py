"""`#results` is recognised exactly, and its arithmetic is checked on whole numbers."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.voting.page_results import Counts, arithmetic_error, parse_results

votes = st.integers(0, 100_000)


def half_up(part: int, total: int) -> int:
    return floor(Fraction(100 * part, total) + Fraction(1, 2)) if total else 0


def half_even(part: int, total: int) -> int:
    return round(Fraction(100 * part, total)) if total else 0


def percent_text(cats: int, dogs: int, cats_share: int, dogs_share: int) -> str:
    total = cats + dogs
    return f"Cats: {cats}/{total} ({cats_share}%) | Dogs: {dogs}/{total} ({dogs_share}%)"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Cats: 2 | Dogs: 4", Counts(2, 4, "plain")),
        ("Cats: 0 | Dogs: 0", Counts(0, 0, "plain")),
        ("Cats: 2/6 (33%) | Dogs: 4/6 (67%)", Counts(2, 4, "percent")),
        ("Cats: 0/0 (0%) | Dogs: 0/0 (0%)", Counts(0, 0, "percent")),
    ],
)
def test_both_formats_are_read(text: str, counts: Counts) -> None:
    assert parse_results(text) == counts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cats: 2 | Dogs: 4\n",
        " Cats: 2 | Dogs: 4",
        "Cats: 2  | Dogs: 4",
        "cats: 2 | dogs: 4",
        "Dogs: 4 | Cats: 2",
        "Cats: 02 | Dogs: 4",
        "Cats: -2 | Dogs: 4",
        "Cats: ٢ | Dogs: 4",  # another script's digit is not the contract's
        "Cats: 2.0 | Dogs: 4",
        "Cats: 2/6 (33%) | Dogs: 4",
        "Cats: 2/6 (33.3%) | Dogs: 4/6 (66.7%)",
        "Cats: 2/6 33% | Dogs: 4/6 67%",
        "Cats: 2 | Dogs: 4 | Birds: 1",
        f"Cats: {'9' * 5000} | Dogs: 4",
    ],
)
def test_anything_else_is_no_result(text: str) -> None:
    assert parse_results(text) is None
    assert "is not a result" in arithmetic_error(text)


def test_vote_names_are_parameters_and_no_patterns() -> None:
    assert parse_results("A.B: 1 | (C): 2", ("A.B", "(C)")) == Counts(1, 2, "plain")
    assert parse_results("AxB: 1 | (C): 2", ("A.B", "(C)")) is None
    assert parse_results("Cats: 1 | Dogs: 2", ("A.B", "(C)")) is None
    assert arithmetic_error("A.B: 1/2 (50%) | (C): 1/2 (50%)", ("A.B", "(C)")) == ""


def test_plain_format_has_no_arithmetic_to_get_wrong() -> None:
    assert arithmetic_error("Cats: 2 | Dogs: 4") == ""


@given(cats=votes, dogs=votes)
@settings(max_examples=200, deadline=None, database=None)
def test_both_usual_roundings_are_right(cats: int, dogs: int) -> None:
    total = cats + dogs
    for rounding in (half_up, half_even):
        text = percent_text(cats, dogs, rounding(cats, total), rounding(dogs, total))
        assert arithmetic_error(text) == ""
        assert parse_results(text) == Counts(cats, dogs, "percent")


@given(cats=votes, dogs=votes, off=st.integers(-100, 100).filter(bool))
@settings(max_examples=200, deadline=None, database=None)
def test_every_other_percentage_is_wrong(cats: int, dogs: int, off: int) -> None:
    total = cats + dogs
    text = half_up(cats, total) + off
    if text < 0 or text in {half_up(cats, total), half_even(cats, total)}:
        return
    assert "Cats" in arithmetic_error(percent_text(cats, dogs, text, half_up(dogs, total)))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Cats: 1/8 (12%) | Dogs: 7/8 (88%)", True),  # 12.5: to the even neighbour
        ("Cats: 1/8 (13%) | Dogs: 7/8 (88%)", True),  # 12.5: up
        ("Cats: 1/8 (13%) | Dogs: 7/8 (87%)", False),  # 87.5: down is neither
        ("Cats: 1/200 (0%) | Dogs: 199/200 (100%)", True),
        ("Cats: 1/200 (1%) | Dogs: 199/200 (100%)", True),
        ("Cats: 2/6 (34%) | Dogs: 4/6 (67%)", False),
        ("Cats: 2/6 (33%) | Dogs: 4/6 (66%)", False),
        ("Cats: 2/7 (29%) | Dogs: 4/7 (57%)", False),  # the total isn't the sum
        ("Cats: 2/6 (33%) | Dogs: 4/7 (57%)", False),
        ("Cats: 0/0 (50%) | Dogs: 0/0 (50%)", False),
        ("Cats: 0/1 (0%) | Dogs: 0/1 (0%)", False),
        ("Cats: 6/6 (100%) | Dogs: 0/6 (0%)", True),
    ],
)
def test_arithmetic_by_example(text: str, right: bool) -> None:
    assert (arithmetic_error(text) == "") is right


def test_an_error_says_what_it_should_be() -> None:
    assert "Dogs 4/6 is 67%, not 66%" in arithmetic_error("Cats: 2/6 (33%) | Dogs: 4/6 (66%)")
    assert "Cats 1/8 is 12 or 13%, not 14%" in arithmetic_error("Cats: 1/8 (14%) | Dogs: 7/8 (88%)")
    assert "Cats has total 7, the counts sum to 6" in arithmetic_error("Cats: 2/7 (33%) | Dogs: 4/6 (67%)")
