"""A pull is the engine's; one that fails says why in a sentence, and is made again where that may help."""

from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import image_pulls, recipes
from canary_conformance.images.image_pulls import BACK_OFF, failure, pull
from canary_conformance.images.pull_outcomes import Outcome, PullFailed, PullRefused
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import Pulled
from canary_conformance.images.release_images import istioctl
from canary_conformance.images.versions import MeshVersion
from canary_conformance.progress import Progress
from canary_conformance.timeouts import Timeouts
from tests.selftest.support import FakeClock, Programs

PILOT = "docker.io/istio/pilot:1.31.1"
MIRRORED = "harbor.example.com:5000/dockerhub/istio/pilot:1.31.1"
DIGEST = f"sha256:{'a' * 64}"
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture
def programs(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> Programs:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    programs.only_these()
    return programs


def failing(words: str) -> str:
    """Return the script of an engine that fails so."""
    return (
        f"""echo '1.31.1: Pulling from istio/pilot'; echo 'Error response from daemon: {words}' >&2; exit 1"""
    )


def failed(reference: str = PILOT, clock: FakeClock | None = None) -> PullFailed | PullRefused:
    with pytest.raises((PullFailed, PullRefused)) as raised:
        pull(reference, clock=clock or FakeClock())
    assert isinstance(raised.value, PullFailed | PullRefused)
    return raised.value


def test_the_engine_is_asked_and_nobody_else(programs: Programs) -> None:
    programs.add("docker")
    pull(PILOT)
    assert programs.calls() == [f"docker pull {PILOT}"]


@pytest.mark.parametrize(
    ("words", "outcome", "kind", "advice"),
    [
        ("unauthorized: authentication required", Outcome.LOGIN, BadInput,
         "docker login harbor.example.com:5000"),
        ("manifest unknown: manifest unknown", Outcome.MISSING, BadInput, "does not have this image"),
        ("no matching manifest for linux/arm64/v8 in the manifest list", Outcome.PLATFORM, BadInput,
         "architecture"),
        ("dial tcp: lookup harbor.example.com on 10.0.0.2:53: no such host", Outcome.NO_HOST, BadInput,
         "unknown host"),
        ("toomanyrequests: slow down", Outcome.RATE_LIMIT, EnvironmentFailed, "may be pulled (429)"),
        ("received unexpected HTTP status: 503 Service Unavailable", Outcome.SERVER, EnvironmentFailed,
         "5xx"),
        ("dial tcp 10.0.0.9:5000: connect: connection refused", Outcome.UNREACHABLE, EnvironmentFailed,
         "no registry"),
        ("manifest verification failed for digest sha256:00", Outcome.DIGEST, EnvironmentFailed, "digest"),
        ("write /var/lib/x: no space left on device", Outcome.NO_SPACE, EnvironmentFailed,
         "docker system df"),
        ("unexpected EOF", Outcome.CUT_OFF, EnvironmentFailed, "start again: what is complete is kept"),
        ("x509: certificate signed by unknown authority", Outcome.TLS, EnvironmentFailed, "certs.d"),
    ],
)  # fmt: skip
def test_a_failure_says_what_happened_and_what_to_do_in_one_sentence_and_the_engine_s_words(
    programs: Programs, words: str, outcome: Outcome, kind: type[Exception], advice: str
) -> None:
    programs.add("docker", failing(words))
    why = failed(MIRRORED)
    assert why.outcome is outcome
    assert isinstance(why, kind)
    assert str(why).startswith(f"{MIRRORED} was not pulled: ")
    assert f" (the engine reports: {words}); " in str(why)
    assert advice in str(why)
    assert "\n" not in str(why)


def test_an_unknown_host_is_the_environment_s_fault_where_the_user_named_none(programs: Programs) -> None:
    programs.add("docker", failing("dial tcp: lookup registry-1.docker.io on 10.0.0.2:53: no such host"))
    assert isinstance(failed(PILOT), PullFailed)


def test_an_unknown_failure_comes_with_the_engine_s_words(programs: Programs) -> None:
    programs.add("docker", failing("the moon is full"))
    why = failed()
    assert isinstance(why, PullFailed)
    assert why.outcome is Outcome.UNKNOWN
    assert "(the engine reports: the moon is full)" in str(why)


def test_a_digest_that_the_registry_does_not_have_is_told_from_a_missing_version(programs: Programs) -> None:
    programs.add("docker", failing("manifest unknown: manifest unknown"))
    assert "does not serve this image with the pinned digest" in str(failed(f"{PILOT}@{DIGEST}"))
    assert "digest" not in str(failed(PILOT))


def test_the_words_of_the_command_are_no_words_of_the_engine(programs: Programs) -> None:
    programs.add("docker", "echo 'Error response from daemon: the moon is full' >&2; exit 1")
    assert failed("mirror.example/forbidden/no-such-host/429:401").outcome is Outcome.UNKNOWN


# --- once more -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["toomanyrequests: slow down", "received unexpected HTTP status: 502 Bad Gateway"]
)
def test_a_limit_and_a_failing_registry_are_tried_once_more_after_a_pause(
    programs: Programs, tmp_path: Path, words: str
) -> None:
    programs.add("docker", f"[ -e {tmp_path}/tried ] && exit 0; : > {tmp_path}/tried; {failing(words)}")
    clock = FakeClock()
    pull(PILOT, clock=clock)
    assert len(programs.calls()) == 2
    assert clock.slept == [BACK_OFF]


def test_no_pull_is_tried_more_than_twice(programs: Programs) -> None:
    programs.add("docker", failing("toomanyrequests: slow down"))
    clock = FakeClock()
    assert failed(clock=clock).outcome is Outcome.RATE_LIMIT
    assert len(programs.calls()) == 2
    assert clock.slept == [BACK_OFF]


@pytest.mark.parametrize(
    "words", ["unauthorized: authentication required", "manifest unknown", "no such host", "EOF"]
)
def test_what_a_pause_does_not_mend_is_tried_once(programs: Programs, words: str) -> None:
    programs.add("docker", failing(words))
    clock = FakeClock()
    failed(clock=clock)
    assert len(programs.calls()) == 1
    assert clock.slept == []


# --- time ------------------------------------------------------------------------------------------------


def test_an_engine_without_a_word_is_a_registry_that_does_not_answer(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_pulls, "LIMITS", Timeouts(registry_answers=0.3))
    programs.add("docker", "while :; do :; done")
    why = failed()
    assert why.outcome is Outcome.TIME_OUT
    assert "did not answer in time" in str(why)
    assert "wrote nothing within 0.3 s" in str(why)


def test_a_pull_that_goes_on_until_its_limit_is_slow_and_not_unanswered(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_pulls, "LIMITS", Timeouts(registry_answers=0.2, image_pull=0.5))
    programs.add("docker", "echo 'Pulling from istio/pilot'; while :; do :; done")
    why = failed()
    assert why.outcome is Outcome.SLOW
    assert "did not end within 0.5 s" in str(why)
    assert "--timeout-factor" in str(why)


def test_a_slow_pull_of_a_registry_that_answers_may_take_longer(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(image_pulls, "LIMITS", Timeouts(registry_answers=0.2))
    slow = f"exec sleep 0.5 < {tmp_path}"
    programs.add("docker", f"echo 'Pulling from istio/pilot'; PATH=/usr/bin:/bin; {slow}")
    pull(PILOT)


# --- a company's proxy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_of_the_shell_alone_is_named_where_the_engine_reaches_nothing(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    programs.add(
        "docker", failing("net/http: request canceled (Client.Timeout exceeded while awaiting headers)")
    )
    assert "HTTPS_PROXY" not in str(failed())
    monkeypatch.setenv(name, "http://me:secret@proxy.example:3128")
    assert "HTTPS_PROXY is set in this shell, where the engine does not read it" in str(failed())
    assert "secret" not in str(failed())


def test_a_proxy_that_refuses_the_engine_is_told_from_a_registry_that_does(programs: Programs) -> None:
    programs.add("docker", failing('Get "https://registry-1.docker.io/v2/": Proxy Authentication Required'))
    assert failed().outcome is Outcome.PROXY
    assert "`docker info` shows it" in str(failed())


# --- as a recipe -----------------------------------------------------------------------------------------


def test_a_failed_pull_ends_the_making_with_its_own_sentence_and_names_no_image(
    programs: Programs, tmp_path: Path
) -> None:
    programs.add(
        "docker",
        f"""case "$1" in pull) {failing("unauthorized: authentication required")} ;; *) exit 1 ;; esac""",
    )
    with pytest.raises(PullRefused, match="login required"):
        make_all([Pulled("pilot", MIRRORED)], tmp_path / "store", Progress())
    assert not any(call.startswith("docker tag") for call in programs.calls())


def test_a_pulled_image_gets_our_name_when_it_is_whole(programs: Programs, tmp_path: Path) -> None:
    programs.add("docker")
    recipe = Pulled("pilot", f"{MIRRORED}@{DIGEST}")
    recipe.make(tmp_path)
    assert programs.calls() == [
        f"docker pull {MIRRORED}@{DIGEST}",
        f"docker tag {MIRRORED}@{DIGEST} {recipes.REPOSITORY}/pilot:{recipe.key}",
    ]


def test_a_host_of_one_s_own_is_named_in_the_advice_and_docker_hub_is_not() -> None:
    assert "`docker login harbor.example.com:5000`" in str(failure(MIRRORED, Outcome.LOGIN, "x"))
    assert "`docker login`" in str(failure(PILOT, Outcome.LOGIN, "x"))


@pytest.mark.parametrize(
    ("words", "offered"), [("manifest unknown", True), ("denied", True), ("connection refused", False)]
)
def test_a_mirror_without_istioctl_is_met_with_one_on_the_path(
    programs: Programs, tmp_path: Path, words: str, offered: bool
) -> None:
    programs.add("docker", f'[ "$1" = pull ] || exit 1; {failing(words)}')
    with pytest.raises((PullFailed, PullRefused)) as raised:
        make_all([istioctl(MeshVersion("1.31.1", None))], tmp_path / "store", Progress())
    assert ("An istioctl 1.31.1 on PATH is used instead" in str(raised.value)) is offered
