"""The selftests reach no engine, and no job's summary: what serves here must not decide what they see."""

from pathlib import Path

import pytest

from tests.selftest.support import Programs


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no-engine-in-selftests.sock")


@pytest.fixture(autouse=True)
def _no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs within a selftest be no runs of the CI job that runs the selftests."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Programs that only pretend, found before those of the machine."""
    return Programs(tmp_path, monkeypatch)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark each test below this folder, and no other: pytest calls this one for no item elsewhere."""
    item.add_marker("selftest")
