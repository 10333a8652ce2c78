"""The static tier judges or refuses any file at all, and ends with an error of its own on none."""

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import static_verdicts
from tests.selftest.changed_manifests import content
from tests.selftest.manifest_files import FIRST, LOCK, ROUTING

FILES = (ROUTING, LOCK, FIRST)
# Not one example may be skipped for being slow: this machine may be busy.
ANY_TIME = settings(
    deadline=None, max_examples=25, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def is_judged_or_refused(file: str, raw: bytes) -> None:
    for result in static_verdicts(MANIFESTS, {file: raw}):
        assert result.held or result.words.strip()


@ANY_TIME
@given(st.sampled_from(FILES), st.binary(max_size=200))
@example(ROUTING, b"")
@example(ROUTING, b"\xff\xfe")
@example(ROUTING, b"a: &a [*a]\n")
@example(ROUTING, b"a: 1\na: 2\n")
def test_any_bytes(file: str, raw: bytes) -> None:
    is_judged_or_refused(file, raw)


@ANY_TIME
@given(st.sampled_from(FILES), st.integers(0, 6000))
def test_any_truncation(file: str, length: int) -> None:
    is_judged_or_refused(file, content(file).encode()[:length])


@ANY_TIME
@given(st.sampled_from(FILES), st.data())
def test_any_value_anywhere(file: str, data: st.DataObject) -> None:
    documents = list(yaml.safe_load_all(content(file)))
    holder: object = data.draw(st.sampled_from(documents))
    for _ in range(data.draw(st.integers(0, 12))):
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))  # type: ignore[arg-type]
        key = data.draw(st.sampled_from(keys)) if keys else None
        inner = holder[key] if key is not None else None  # type: ignore[index]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            if key is not None:
                holder[key] = data.draw(values)  # type: ignore[index]
            break
        holder = inner
    is_judged_or_refused(file, yaml.safe_dump_all(documents).encode())


@ANY_TIME
@given(st.sampled_from(FILES), st.lists(st.integers(0, 200), min_size=1, max_size=6))
def test_any_lines_missing(file: str, missing: list[int]) -> None:
    lines = content(file).splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines) if number not in missing]
    is_judged_or_refused(file, "".join(kept).encode())
