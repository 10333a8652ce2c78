"""A fixture of the run that nobody answers fails for the environment, any other mistake is its own."""

import errno
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

from canary_conformance.errors import EnvironmentFailed
from fixtures import environment
from tests.selftest.pytest.test_environment import DISTURBED, Session, through


def fixture_of(module: str) -> pytest.FixtureDef[object]:
    return cast(
        pytest.FixtureDef[object], SimpleNamespace(func=SimpleNamespace(__module__=module), argname="cluster")
    )


def asked_by(session: Session) -> pytest.FixtureRequest:
    return cast(pytest.FixtureRequest, SimpleNamespace(config=session))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EnvironmentFailed("dockerd is gone"), "dockerd is gone"),
        (MaxRetryError(cast(Any, None), "/api", None), "cluster: MaxRetryError"),
        (ApiException(503, "unavailable"), "cluster: ApiException"),
        (ConnectionResetError("reset"), "cluster: ConnectionResetError: reset"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_a_fixture_of_the_run_that_nobody_answers_fails_for_the_environment(
    error: Exception, words: str
) -> None:
    hook = environment.pytest_fixture_setup(
        fixture_of("fixtures.cluster"), asked_by(Session(with_namespace=False))
    )
    with pytest.raises(EnvironmentFailed, match=words):
        through(hook, error)


@pytest.mark.parametrize(
    "error", [KeyError("port"), FileNotFoundError(2, "no such file"), ApiException(404, "no such")]
)
def test_a_mistake_in_a_fixture_of_the_run_is_no_failed_environment(error: Exception) -> None:
    hook = environment.pytest_fixture_setup(
        fixture_of("fixtures.cluster"), asked_by(Session(with_namespace=False))
    )
    with pytest.raises(type(error)) as raised:
        through(hook, error)
    assert raised.value is error


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        (EnvironmentFailed("no proxy runs the change"), "no proxy runs the change"),
        (ApiException(503, "unavailable"), "cluster: ApiException: (503)"),
    ],
)
def test_a_namespace_that_fails_by_a_disturbance_says_by_which(error: Exception, failed: str) -> None:
    hook = environment.pytest_fixture_setup(fixture_of("fixtures.cluster"), asked_by(Session(DISTURBED)))
    with pytest.raises(EnvironmentFailed) as raised:
        through(hook, error)
    assert str(raised.value) == f"{DISTURBED}; by it {failed}"


def test_an_error_in_anybody_else_s_fixture_is_its_own() -> None:
    with pytest.raises(ConnectionResetError):
        through(
            environment.pytest_fixture_setup(fixture_of("tests.mine"), asked_by(Session())),
            ConnectionResetError(),
        )
