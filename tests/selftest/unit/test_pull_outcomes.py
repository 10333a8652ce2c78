"""Each kind of failed pull is known by the words of engines, registries and proxies, old and new."""

from pathlib import Path

import pytest

from canary_conformance.images.pull_outcomes import MEANINGS, Outcome, last_word, outcome_of


def reports() -> list[tuple[Outcome, str]]:
    """Return the outcomes and the words of engines in the data file."""
    text = (Path(__file__).parents[1] / "data/pull_reports.txt").read_text(encoding="utf-8")
    lines = [line.split(" | ", 1) for line in text.splitlines() if not line.startswith("#")]
    return [(Outcome[name], words.replace("\\n", "\n")) for name, words in lines]


REPORTED = reports()


@pytest.mark.parametrize(("outcome", "reported"), REPORTED)
@pytest.mark.parametrize("prefix", ["", "Error response from daemon: "])
def test_an_outcome_is_known_by_what_the_engine_reports(outcome: Outcome, reported: str, prefix: str) -> None:
    assert outcome_of(prefix + reported) is outcome


def test_every_outcome_has_a_meaning_and_a_report_that_it_is_known_by() -> None:
    reported = {outcome for outcome, _ in REPORTED}
    # Of a pull that our own limit ended the engine reports nothing.
    assert set(MEANINGS) == set(Outcome) == reported | {Outcome.SLOW}


def test_a_limit_and_a_failing_registry_are_tried_again_and_nothing_else() -> None:
    again = {outcome for outcome, meaning in MEANINGS.items() if meaning.again}
    assert again == {Outcome.RATE_LIMIT, Outcome.SERVER}


def test_a_digest_or_an_address_is_not_read_as_a_status() -> None:
    reported = (
        "failed to pull mirror.example:5030/a@sha256:429f401e404b503c: something that no engine says today"
    )
    assert outcome_of(reported) is Outcome.UNKNOWN


def test_the_engine_s_own_sentence_is_its_last_line_without_passwords_and_signatures() -> None:
    reported = (
        "1.31.1: Pulling from istio/pilot\n9e01: Pulling fs layer\n"
        'Error response from daemon: Get "https://me:secret@cdn.example/blob?X-Amz-Signature=abc&x=1": EOF\n'
    )
    assert last_word(reported) == 'Get "https://...@cdn.example/blob?...": EOF'
    assert last_word("") == "nothing"
    assert len(last_word("word " * 400)) < 320
