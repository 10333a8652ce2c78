"""The command diff: folders and commits, what it prints, its exit codes, and bad input in one sentence."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from canary_conformance.differences.command import judged_change, main
from canary_conformance.paths import MANIFESTS
from tests.selftest.manifest_files import ROUTING

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
WIDE = "(featureflag=on)(.*)$"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *IDENTITY, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def widen(folder: Path) -> None:
    file = folder / ROUTING
    file.write_text(file.read_text().replace("(featureflag=on)(;.*)?$", WIDE))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with our manifests, whose branch `wide` has a wider pattern; checked out is main."""
    folder = tmp_path / "a repository"
    shutil.copytree(MANIFESTS, folder / "manifests")
    git(tmp_path, "init", "-q", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "manifests")
    git(folder, "checkout", "-qb", "wide")
    widen(folder / "manifests")
    git(folder, "commit", "-qam", "wide")
    git(folder, "checkout", "-q", "main")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Our manifests, and a copy with a wider pattern in a folder with a space."""
    copy = tmp_path / "a copy"
    shutil.copytree(MANIFESTS, copy)
    widen(copy)
    return str(MANIFESTS), str(copy)


def test_two_folders(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(folders) == 1
    printed = capsys.readouterr().out
    assert "R4.5 stage 4: holds -> FAILED" in printed
    assert "GET / with cookie: featureflag=ona" in printed
    assert f"line  {ROUTING}:34" in printed
    assert main(folders[::-1]) == 0
    assert "Requirements that heal (1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("main", "wide"), ("main..wide",), ("main...wide",), ("wide~1", "wide"), ("HEAD..wide",)]
)
def test_two_commits(repository: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    before = git(repository, "status", "--porcelain", "--branch")
    assert main(words) == 1
    assert "GET / with cookie: featureflag=ona" in capsys.readouterr().out
    assert git(repository, "status", "--porcelain", "--branch") == before


def test_head_is_the_working_tree_by_default(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["main"]) == 0
    assert "No request at the ingress changes its answer" in capsys.readouterr().out
    assert repository.is_dir()


def test_the_working_tree_counts_as_it_is(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    widen(repository / "manifests")
    assert main(["main"]) == 1
    assert "HEAD  manifests (working tree)" in capsys.readouterr().out


def test_a_path_is_seen_from_where_the_command_runs(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = repository / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert main(["main", "wide", "--path", "../manifests"]) == 1
    assert main(["main", "wide", "--path", str(repository / "manifests")]) == 1


def test_a_commit_equals_itself(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert repository.is_dir()
    assert main(["main", "main"]) == 0
    assert "both sides apply the same objects in the same order" in capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 4
    printed = capsys.readouterr()
    assert not printed.out
    assert "Traceback" not in printed.err
    return printed.err


def test_bad_input_is_one_sentence(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere is neither a folder nor a commit" in refused(capsys, "nowhere")
    assert "the folder kustomize does not exist in main" in refused(
        capsys, "main", "wide", "--path", "kustomize"
    )
    assert "leads out of the repository" in refused(capsys, "main", "wide", "--path", "../..")
    (repository / "wide").mkdir()
    assert "is both a folder and a commit: write ./wide" in refused(capsys, "main", "wide")
    (repository / "note").write_text("x")
    assert "note is a file" in refused(capsys, "main", "note")
    assert "unrecognized arguments" in refused(capsys, "main", "--what")
    assert "is empty" in refused(capsys, "main", "./wide")
    assert "BASE is empty" in refused(capsys, "")
    assert "-x is neither" in refused(capsys, "--", "-x")
    (repository / "wide" / "a.yaml").write_text("a: b\n")
    assert "has none of the files" in refused(capsys, "main", "./wide")


def test_yaml_that_does_not_parse_is_named_by_its_side(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "manifests" / ROUTING
    file.write_text(file.read_text() + "\n  - [\n")
    git(repository, "commit", "-qam", "broken")
    message = refused(capsys, "main", "wide")
    assert "manifests of main (" in message
    assert ROUTING in message
    assert "voting-conformance" not in message
    file.write_bytes(b"\0\xff\xfe binary")
    assert f"{ROUTING}:1" in refused(capsys, "wide")


def test_outside_of_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "not in a git repository" in refused(capsys, "main", "wide")


def test_a_shallow_clone_says_what_to_fetch(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "wide", repository.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    message = refused(capsys, "main")
    assert "fetch-depth: 0" in message
    assert "did you mean" not in message


def test_a_branch_of_the_remote_is_suggested(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "clone", "-q", "--branch", "wide", repository.as_uri(), "clone")
    monkeypatch.chdir(tmp_path / "clone")
    assert "did you mean origin/main?" in refused(capsys, "main")
    assert main(["origin/main"]) == 1


def test_a_submodule_and_a_link_are_named(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", repository.as_uri(), "sub")
    (repository / "link").symlink_to("manifests")
    (repository / "manifests" / "out").symlink_to("/etc/hostname")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "more")
    assert "sub is a submodule in main" in refused(capsys, "main", "wide", "--path", "sub")
    assert "the folder link is a symbolic link" in refused(capsys, "main", "wide", "--path", "link")
    assert main(["main~1", "main"]) == 0
    assert tmp_path.is_dir()


def test_a_run_compares_what_it_judges_with_a_commit(repository: Path) -> None:
    widen(repository / "manifests")
    found = judged_change("main", Path("manifests"), Path())
    assert "**1 requirement breaks.**" in found
    assert "`the judged manifests (manifests)`" in found
    assert judged_change("nowhere", Path("manifests"), Path()).startswith(
        "Not compared with `nowhere`: `nowhere is"
    )
    assert repository.is_dir()


def test_json_has_every_change(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*folders, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["schema_version"] == 1
    assert found["breaks"] == ["R4.5"]
    assert found["requests"][0]["lines"]["after"] == [{"file": ROUTING, "line": 34}]


def test_what_is_not_understood_is_exit_code_5(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, copy = folders
    shutil.copyfile(Path(before) / ROUTING, Path(copy) / ROUTING)
    file = Path(copy) / "istio/step-5-drop-old-subsets.yaml"
    rule = "  host: voting-app\n  trafficPolicy:\n"
    text = file.read_text()
    assert rule in text
    file.write_text(text.replace(rule, f"{rule}    connectionPool:\n      tcp:\n        idleTimeout: 1s\n"))
    assert main([before, copy]) == 5
    printed = capsys.readouterr().out
    assert "Not judged (1)" in printed
    assert "is not decided: see what is not judged" in printed
    assert "No request at the ingress changes" not in printed


def test_markdown_shows_hostile_names_as_they_stand(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, copy = folders
    hostile = "a`|<img src=x>|@octocat #1 **b** http://evil.example"
    file = Path(copy) / "istio/step-4-route-everyone-to-2.0.yaml"
    text = file.read_text()
    match = f"    - match:\n        - headers:\n            x-a:\n              exact: '{hostile}'\n"
    redirect = f"{match}      redirect:\n        authority: example.com\n"
    file.write_text(text.replace("    - route:\n", f"{redirect}    - route:\n"))
    assert main([before, copy, "--markdown"]) == 1
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if "octocat" in line]
    assert rows
    for row in rows:
        # In spans of code alone, and with its pipes escaped.
        outside = "".join(re.split(r"(`+)(?!`).*?(?<!`)\1(?!`)", row)[::2])
        assert "octocat" not in outside
        assert "<img" not in outside
        assert row.startswith("-") or len(re.findall(r"(?<!\\)\|", row)) == 5
