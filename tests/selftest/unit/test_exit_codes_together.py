"""Each exit code has its word, and many runs have one together."""

import pytest

from canary_conformance.exit_codes import ExitStatus, together, word_of


def test_each_code_has_its_word() -> None:
    words = [word_of(code) for code in (*ExitStatus, -9, 77)]
    assert len(set(words)) == len(words)
    assert words[-2:] == ["killed by SIGKILL", "ended with exit code 77"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 4], 4),
        ([0, 4, 5], 5),
        ([5, 3], 3),
        ([3, 6], 6),
        ([6, 1, 3, 0], 1),
        ([0, 137], 6),
        ([1, 2], 2),
    ],
)
def test_the_gravest_of_many_runs_is_that_of_all(codes: list[int], code: int) -> None:
    assert together(codes) == code
