"""The shell of action.yml, run as GitHub runs it, on a program that only notes how it is called."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from canary_conformance.paths import REPOSITORY
from tests.selftest.action_steps import Job, action

STATIC = "Judge the manifests by the model"
E2E = "Judge them on a cluster"
RESTORE, SAVE = "Take the node from the cache", "Put the node into the cache"
SCANNING, COMMENT = "Send the findings to code scanning", "Comment on the pull request"
NOT_SENT = "Report what could not be sent"
KEEP = "Keep the reports"
# Notes its words, a line each, writes what a run writes, and ends with the tier's code.
PROGRAM = """#!/bin/bash
printf '%s\\n' CALL "$@" >> {notes}
tier=$1
for word; do
  if [ "$last" = --report ]; then report=$word; fi
  if [ "$last" = --save-node ]; then printf %s {node} > "$word"; fi
  last=$word
done
mkdir "$report"
echo "a summary of $tier" >> "$GITHUB_STEP_SUMMARY"
echo '{{}}' > "$report/results.sarif"
echo 'a comment' > "$report/comment.md"
case $tier in static) exit {static} ;; *) exit {e2e} ;; esac
"""

Play = Callable[..., Job]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Run the action with these inputs on a suite whose tiers end with these codes."""

    def run(
        inputs: Mapping[str, str] | None = None,
        static: int = 0,
        e2e: int = 0,
        node: str = "''",
        folder: Path = tmp_path,
        **more: Any,
    ) -> Job:
        for name in ("work space", "temp", "home", "suite/report", "suite/bin"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        notes = shlex.quote(str(folder / "notes"))
        for name in ("canary-conformance", "python"):
            program = folder / "suite/bin" / name
            program.write_text(PROGRAM.format(notes=notes, static=static, e2e=e2e, node=node))
            program.chmod(0o755)
        outputs = {"bin": str(folder / "suite/bin"), "report": str(folder / "suite/report")}
        job = Job(
            folder, REPOSITORY, {"manifests": "k8s", **(inputs or {})}, known={"suite": outputs}, **more
        )
        job.run()
        return job

    return run


def calls(job: Job) -> list[list[str]]:
    """The words of each call of the program."""
    notes = job.root / "notes"
    text = notes.read_text() if notes.exists() else ""
    return [call.splitlines() for call in text.split("CALL\n")[1:]]


def code_of(job: Job) -> int:
    return next((run.code for run in job.runs if run.code), 0)


def test_static_comes_first_and_the_cluster_second(play: Play) -> None:
    job = play()
    manifests = str(job.workspace / "k8s")
    static, e2e = calls(job)
    assert static == ["static", manifests, "--report", str(job.root / "suite/report/static")]
    assert e2e[:4] == ["e2e", manifests, "--images", "auto"]
    assert e2e[-2:] == ["--report", str(job.root / "suite/report/e2e")]
    assert code_of(job) == 0
    assert job.ran(KEEP)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6])
def test_what_the_manifests_fail_ends_the_job_with_the_suites_code(play: Play, code: int) -> None:
    job = play(static=code)
    assert [call[0] for call in calls(job)] == ["static"]
    assert job.step(STATIC).code == code
    assert job.ran(KEEP), "the reports are kept, also of a failure"
    assert job.summary == "a summary of static\n"


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6])
def test_the_exit_code_of_the_cluster_passes_through(play: Play, code: int) -> None:
    job = play(e2e=code)
    assert job.step(E2E).code == code
    assert job.step(E2E).outputs["exit-code"] == str(code)
    assert job.ran(KEEP)


def test_the_cluster_judges_what_the_manifests_do_not_decide(play: Play) -> None:
    assert [call[0] for call in calls(play(static=5))] == ["static", "e2e"]


def test_requirements_that_no_static_test_judges_go_to_the_cluster(play: Play) -> None:
    assert [call[0] for call in calls(play({"requirements": "R6.2"}, static=4))] == ["static", "e2e"]


def test_without_a_cluster_what_is_not_decided_fails_unless_the_user_accepts_it(play: Play) -> None:
    assert code_of(play({"e2e": "false"}, static=5)) == 5


def test_what_is_not_decided_may_be_accepted(play: Play) -> None:
    accepted = play({"e2e": "false", "fail-on-incomplete": "false"}, static=5)
    assert code_of(accepted) == 0
    assert "::warning::" in accepted.step(STATIC).printed


def test_a_failure_is_never_accepted(play: Play) -> None:
    assert code_of(play({"fail-on-incomplete": "false"}, e2e=1)) == 1


def test_on_a_cluster_what_is_not_judged_may_be_accepted(play: Play) -> None:
    assert code_of(play({"fail-on-incomplete": "false"}, e2e=5)) == 0


@pytest.mark.parametrize(
    "text", ["$(id)", "`id`", "a b'c\"d", "x; exit 0", "-rf", "${HOME}", "*", "a\\nb", "é", "$'\\x41'"]
)
def test_the_text_of_an_input_is_never_run_nor_split(play: Play, text: str) -> None:
    inputs = {
        "manifests": text,
        "requirements": text,
        "images": text,
        "registry": text,
        "istio-version": text,
    }
    job = play(inputs)
    static, e2e = calls(job)
    assert static[1] == str(job.workspace / text)
    assert static[-2:] == ["--requirements", text]
    assert e2e[1:8] == [static[1], "--images", text, "--registry", text, "--istio-version", text]
    assert e2e[e2e.index("--requirements") + 1] == text


def test_an_absolute_folder_stays_as_it_is(play: Play) -> None:
    assert calls(play({"manifests": "/somewhere/k8s"}))[0][1] == "/somewhere/k8s"


@pytest.mark.parametrize("name", ["e2e", "cache", "fail-on-incomplete"])
def test_a_switch_that_is_neither_true_nor_false_is_bad_input(play: Play, name: str) -> None:
    job = play({name: "yes"})
    assert code_of(job) == 4
    assert f"{name}" in job.step(STATIC).printed
    assert calls(job) == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"istio-version": "1.30.2,1.31.1"}, ["--istio", "1.30.2,1.31.1"]),
        ({"istio-version": "1.30.2,1.31.1", "shard": "1/2"}, ["--istio", "1.30.2,1.31.1", "--shard", "1/2"]),
        ({"shard": "1/1"}, ["--shard", "1/1"]),
    ],
)
def test_several_versions_are_the_matrix(play: Play, inputs: dict[str, str], words: list[str]) -> None:
    job = play({**inputs, "requirements": "R4.3 R4.4"})
    matrix = calls(job)[1]
    assert matrix[:4] == ["-m", "tools.matrix", "--images", "auto"]
    assert matrix[4:] == [
        *words, "--", "--manifests", str(job.workspace / "k8s"), "--requirements", "R4.3 R4.4"
    ]  # fmt: skip


def test_the_node_is_kept_in_the_cache_only_where_it_is_new(play: Play) -> None:
    first = play(node="new")
    assert first.ran(RESTORE)
    assert first.ran(SAVE)
    (first.root / "suite/report/static").rename(first.root / "static")
    (first.root / "suite/report/e2e").rename(first.root / "e2e")
    assert not play(node="new").ran(SAVE), "the archive is as it was restored"


def test_the_key_of_the_node_is_of_its_images_and_versions_alone(play: Play, tmp_path: Path) -> None:
    def key(name: str, **inputs: str) -> str:
        job = play({name.replace("_", "-"): value for name, value in inputs.items()}, folder=tmp_path / name)
        return job.step(RESTORE).printed

    same = key("own")
    assert re.search(r"'canary-conformance-Linux-X64-\d+'", same)
    assert key("other_manifests", manifests="other", requirements="R4.3") == same.replace(
        "own", "other_manifests"
    )
    assert key("version", istio_version="1.30.2") != same.replace("own", "version")
    assert key("built", images="build") != same.replace("own", "built")
    assert key("odd", istio_version="a`id`\n$(id) ' b").count("canary-conformance-Linux-X64-") == 1


def test_several_versions_have_several_nodes_and_none_in_the_cache(play: Play) -> None:
    job = play({"istio-version": "1.30.2,1.31.1"})
    assert not job.ran(RESTORE)
    assert not job.ran(SAVE)


def test_the_node_of_a_run_that_failed_is_kept_too(play: Play) -> None:
    assert play(node="new", e2e=1).ran(SAVE)


def test_without_the_cache_no_archive_is_written(play: Play) -> None:
    job = play({"cache": "false"})
    assert "--save-node" not in calls(job)[1]
    assert not job.ran(RESTORE)
    assert not job.ran(SAVE)


def test_both_tiers_compare_with_the_commit_that_is_named(play: Play) -> None:
    job = play({"compare-with": "-x; $(id)"})
    assert ["--base=-x; $(id)" in call for call in calls(job)] == [True, True]


def test_the_summary_is_that_of_the_last_tier(play: Play) -> None:
    assert play().summary == "a summary of e2e\n"


def test_a_fork_without_rights_gets_one_sentence(play: Play) -> None:
    job = play({"sarif": "true"}, failing=frozenset({"scanning"}))
    assert job.ran(SCANNING)
    assert job.step(NOT_SENT).printed.count("::notice::") == 1
    assert all(run.code == 0 for run in job.runs if run.name != SCANNING)


def test_what_could_be_sent_needs_no_sentence(play: Play) -> None:
    job = play({"sarif": "true"})
    sent = job.root / "suite/sarif"
    assert str({"sarif_file": str(sent)}) == job.step(SCANNING).printed
    assert {path.name for path in sent.iterdir()} == {"static.sarif", "e2e.sarif"}
    assert not job.ran(NOT_SENT)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize(
    ("earlier", "to"),
    [
        ("", "--method POST repos/a/shop/issues/7/comments"),
        ("42", "--method PATCH repos/a/shop/issues/comments/42"),
    ],
)
def test_a_comment_replaces_that_of_an_earlier_push(
    play: Play, tmp_path: Path, sent: bool, earlier: str, to: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    listing = f'case "$*" in *--paginate*) echo {earlier}; exit 0 ;; esac'
    (programs / "gh").write_text(f'#!/bin/bash\n{listing}\necho "gh $*"\nexit {int(not sent)}\n')
    (programs / "gh").chmod(0o755)
    job = play(
        {"comment": "true"},
        github={"event.pull_request.number": "7", "repository": "a/shop"},
        environment={"PATH": f"{programs}:/usr/bin:/bin"},
    )
    comment = job.root / "suite/report/e2e/comment.md"
    assert job.step(COMMENT).printed.startswith(f"gh api {to} --field body=@{comment}")
    assert job.ran(NOT_SENT) is not sent
    assert code_of(job) == 0


def test_a_push_has_no_pull_request_to_comment_on(play: Play) -> None:
    assert not play({"comment": "true"}).ran(COMMENT)


def test_a_broken_script_is_noticed(play: Play) -> None:
    broken = action()
    step = next(one for one in broken["runs"]["steps"] if one["name"] == STATIC)
    step["run"] = step["run"].replace('"$MANIFESTS"', "$MANIFESTS", 1).replace("esac\n", "\n", 1)
    assert code_of(play(definition=broken)) == 2, "bash's own code for a script that it can't parse"
