"""The registry that misbehaves does so as it says, and a run that is refused wrongly is found."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from canary_conformance.exit_codes import ExitStatus
from tools.refusals.__main__ import CASES, Case, problems_of
from tools.refusals.misbehaving_registry import (
    CUT_OFF,
    OTHER,
    RECOVERING,
    REFUSALS,
    WHOLE,
    MisbehavingRegistry,
    digest_of,
    misbehaving_registry,
)
from tools.suite_process import Ended

HOST = "127.0.0.1:5000"
CASE = Case("login", "HOST/login", ExitStatus.BAD_INPUT, ("docker login HOST",))
SAID = f"a line\nexit code 4: refused: `docker login {HOST}`\n"


@pytest.fixture
def registry() -> Iterator[MisbehavingRegistry]:
    with misbehaving_registry() as running:
        yield running


def ask(registry: MisbehavingRegistry, path: str, method: str = "GET") -> tuple[int, bytes]:
    """Return status and body; of a body that is cut off what came."""
    connection = HTTPConnection(registry.host, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    length = int(answer.headers["Content-Length"])
    body = b"".join(iter(lambda: answer.read1(length), b"")) if method != "HEAD" else b""
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("folder", REFUSALS)
def test_a_folder_refuses_every_image(registry: MisbehavingRegistry, folder: str) -> None:
    status, body = ask(registry, f"/v2/{folder}/istio/pilot/manifests/1.31.1")
    assert status == REFUSALS[folder][0]
    assert REFUSALS[folder][1].encode() in body
    assert registry.asked_for("istio/pilot") == 1


def layer_of(registry: MisbehavingRegistry, folder: str) -> tuple[str, bytes]:
    """Return the digest of the image's layer and what a folder serves for it."""
    digest = digest_of(registry._layer)
    return digest, ask(registry, f"/v2/{folder}/istio/pilot/blobs/{digest}")[1]


def test_an_image_is_served_whole_cut_off_or_with_other_content(registry: MisbehavingRegistry) -> None:
    digest, whole = layer_of(registry, WHOLE)
    assert digest_of(whole) == digest
    assert digest_of(layer_of(registry, OTHER)[1]) != digest
    assert 0 < len(layer_of(registry, CUT_OFF)[1]) < len(whole)


def test_a_registry_that_recovers_has_istiod_alone(registry: MisbehavingRegistry) -> None:
    path = f"/v2/{RECOVERING}/istio/pilot/manifests/1.31.1"
    assert [ask(registry, path, "HEAD")[0] for _ in range(3)] == [429, 200, 200]
    assert ask(registry, f"/v2/{RECOVERING}/kindest/node/manifests/v1")[0] == 404


def test_a_run_that_is_refused_rightly_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(CASE, Ended(1.0, 4, SAID), HOST, [], tmp_path) == []


@pytest.mark.parametrize(
    ("code", "said", "left", "problem"),
    [
        (3, SAID, [], "exit code 3 instead of 4"),
        (4, "exit code 4: no reason", [], f"the last lines lack 'docker login {HOST}'"),
        (4, SAID + "more lines\nthan that", [], "the last lines lack"),
        (4, SAID, [f"{HOST}/login/istio/pilot:1"], "was left"),
    ],
)
def test_a_run_that_is_refused_wrongly_is_found(
    tmp_path: Path, code: int, said: str, left: list[str], problem: str
) -> None:
    (found,) = problems_of(CASE, Ended(1.0, code, said), HOST, left, tmp_path)
    assert problem in found


def test_a_folder_that_was_not_finished_is_found(tmp_path: Path) -> None:
    (tmp_path / "voting-conformance/.unfinished-1").mkdir(parents=True)
    assert problems_of(CASE, Ended(1.0, 4, SAID), HOST, [], tmp_path) == [".unfinished-1 was left"]


def test_every_case_names_a_reason_and_no_two_are_called_alike() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.words for case in CASES)
