"""Our own manifests with a small change in a file, and what the static tier says of them."""

from collections.abc import Iterable, Mapping
from textwrap import dedent

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import StaticResult, static_verdicts
from tests.selftest.manifest_files import FIRST


def changed(
    file: str, old: str, new: str, at: int = 0, on: dict[str, bytes] | None = None
) -> dict[str, bytes]:
    """Return an overlay in which one occurrence (counted from 0) of a text is replaced; fails without it.

    on: the overlay to change further.
    """
    before = on or {}
    written = before[file].decode() if file in before else (MANIFESTS / file).read_text()
    parts = written.split(old)
    assert len(parts) > at + 1, f"{file} has {len(parts) - 1} of {old!r}"
    text = old.join(parts[: at + 1]) + new + old.join(parts[at + 1 :])
    return {**before, file: text.encode()}


def changed_together(*overlays: dict[str, bytes]) -> dict[str, bytes]:
    """Return changes of several files as one overlay; fails where two change the same file."""
    files = [file for overlay in overlays for file in overlay]
    assert len(files) == len(set(files)), files
    return {file: content for overlay in overlays for file, content in overlay.items()}


def results_of(overlay: Mapping[str, bytes], mesh: str | None = None) -> tuple[StaticResult, ...]:
    """Return the static verdicts on our manifests with some files replaced."""
    return static_verdicts(MANIFESTS, overlay, mesh)


def failed(results: Iterable[StaticResult]) -> set[str]:
    """Return the requirements that failed."""
    return {id_ for one in results if not one.held for id_ in one.requirements}


def unjudged(results: Iterable[StaticResult]) -> set[str]:
    """Return the requirements that came to no verdict."""
    return {id_ for one in results if one.held and one.words for id_ in one.requirements}


def words_of(results: Iterable[StaticResult], requirement: str) -> str:
    """Return what is said of a requirement that failed, or was not judged, on one line."""
    text = [one.words for one in results if requirement in one.requirements and one.words]
    return " ".join(" ".join(text).split())


def content(file: str) -> str:
    return (MANIFESTS / file).read_text(encoding="utf-8")


def with_object(text: str, *listed: str, file: str = FIRST, first: bool = False) -> dict[str, bytes]:
    """Return the file with one more object, and the scenario that lists it as created by that file."""
    parts = [dedent(text).strip(), content(file)]
    output = content("scenario.yaml")
    begin = output.index("        created:\n", output.index(file)) + len("        created:\n")
    lines = "".join(f"          - {ref}\n" for ref in listed)
    return {
        file: "\n---\n".join(parts if first else reversed(parts)).encode(),
        "scenario.yaml": (output[:begin] + lines + output[begin:]).encode(),
    }


def standings(overlay: dict[str, bytes]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the requirements that fail, and those that are not judged, each with the words."""
    failed: dict[str, str] = {}
    unjudged: dict[str, str] = {}
    for result in static_verdicts(MANIFESTS, overlay):
        for id_ in result.requirements:
            if not result.held:
                failed.setdefault(id_, result.words)
            elif result.words:
                unjudged.setdefault(id_, result.words)
    return failed, unjudged
