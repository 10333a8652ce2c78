"""The Jobs and the plugin of examples/cluster: their options exist, their pods need no privilege."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.paths import REPOSITORY
from tests.selftest.suite_commands import Suite, bare, suite
from tools.access_roles import ACCOUNT, ACCOUNTS, FOLDER

__all__ = ["bare", "suite"]

JOB, INDEXED, PLUGIN = "job.yaml", "indexed-job.yaml", "sonobuoy-plugin.yaml"


def objects(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def container(name: str) -> dict[str, Any]:
    first = objects(name)[0]
    found: dict[str, Any] = first["spec"] if name == PLUGIN else pod(name)["containers"][0]
    return found


def pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = objects(name)[0]["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("name", [JOB, INDEXED])
def test_a_job_runs_as_the_account_that_has_the_rights(name: str) -> None:
    assert objects(name)[0]["metadata"]["namespace"] == ACCOUNTS
    assert pod(name)["serviceAccountName"] == ACCOUNT
    assert pod(name)["restartPolicy"] == "Never"


def test_the_claim_of_the_reports_comes_with_the_job() -> None:
    job, claim = objects(JOB)
    assert claim["metadata"]["namespace"] == ACCOUNTS
    names = [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod(JOB)["volumes"]]
    assert claim["metadata"]["name"] in names
    assert job["spec"]["backoffLimit"] == 0


def test_a_shard_runs_in_a_pod_like_that_of_the_job() -> None:
    job, shard = pod(JOB), pod(INDEXED)
    for one in (job, shard):
        del one["containers"][0]["args"]
        one["volumes"] = [volume["name"] for volume in one["volumes"]]
    assert shard == job


@pytest.mark.parametrize("name", [JOB, INDEXED, PLUGIN])
def test_a_pod_needs_no_privilege(name: str) -> None:
    whole = pod(name)["securityContext"] if name != PLUGIN else {}
    context = whole | container(name)["securityContext"]
    assert context["runAsNonRoot"]
    assert f"--uid {context['runAsUser']} " in (REPOSITORY / "images/suite/Dockerfile").read_text()
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["readOnlyRootFilesystem"]
    assert not context["allowPrivilegeEscalation"]


def options(name: str) -> list[str]:
    words: list[str]
    command, manifests, *words = container(name)["args"]
    assert (command, manifests) == ("e2e", "/manifests")
    assert "COPY . /manifests" in (FOLDER / "Dockerfile").read_text()
    return words


def test_the_options_of_the_job_exist(bare: Suite) -> None:
    assert bare.lists(*options(JOB)) == bare.lists()


def test_the_pods_of_an_indexed_job_judge_every_test(bare: Suite) -> None:
    spec = objects(INDEXED)[0]["spec"]
    assert spec["completionMode"] == "Indexed"
    shares = [
        bare.lists(*(word.replace("$(JOB_COMPLETION_INDEX)", str(index)) for word in options(INDEXED)))
        for index in range(spec["completions"])
    ]
    assert set().union(*shares) == bare.lists()


def test_the_options_of_the_plugin_exist(bare: Suite, tmp_path: Path) -> None:
    line = next(line for line in container(PLUGIN)["args"][0].splitlines() if "canary-conformance" in line)
    _, command, manifests, *words = line.removesuffix("&").split()
    assert (command, manifests) == ("e2e", "/manifests")
    assert bare.lists(*(word.replace('"$results/report"', str(tmp_path / "new")) for word in words))
