"""The audit log of a cluster of others beside the roles: each rule that a run may break is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from canary_conformance.cluster.access_rights import OWN_ROLE, RBAC, Area
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from tests.selftest.unit.test_kind import provisions
from tools.manifest_copies import with_mistake
from tools.named_runs import NamedRun
from tools.own_cluster.__main__ import FAILING, settings
from tools.own_cluster.audit_log import Request, requests_of, trespasses
from tools.own_cluster.cluster_state import differences
from tools.own_cluster.forbidden_attempts import ATTEMPTS, allowed_attempts
from tools.own_cluster.mesh_layouts import AKS, DEFAULTS, operator
from tools.own_cluster.plain_cluster import PlainCluster, audited_config
from tools.own_cluster.proof import Proof
from tools.own_cluster.rights_use import use_of
from tools.own_cluster.runner_account import USER
from tools.own_cluster.suite_job import builds, exit_code_of, has_ended, job_objects

ISTIO = "networking.istio.io"
OURS, ROOT, GATEWAYS = "judge-voting", AKS.root, AKS.gateway_namespace
AREAS = {Area.OURS: (OURS,), Area.MESH: (ROOT,), Area.GATEWAY: (GATEWAYS,)}
MADE = Request("create", "", "namespaces", OURS, OURS, 201)
DELETED = Request("delete", "", "namespaces", OURS, OURS, 200)
# Each is allowed: a run that makes nothing else than this is as it should be.
ALLOWED = (
    Request("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", "", 201),
    Request("list", "", "nodes", "", "", 200),
    MADE,
    Request("create", RBAC, "rolebindings", OURS, OWN_ROLE, 201),
    Request("patch", "", "secrets", OURS, "voting-storage-secret", 201),
    Request("patch", ISTIO, "gateways", OURS, "voting-app-gateway", 201),
    Request("get", "", "pods/portforward", GATEWAYS, "gateway-1", 101),
    Request("get", "", "pods/portforward", ROOT, "istiod-1", 101),
    DELETED,
    Request("list", "", "pods", OURS, "", 403),
    Request("get", "", "namespaces", OURS, OURS, 404),
)


def broken(*more: Request) -> list[str]:
    return [str(one) for one in trespasses((*ALLOWED[:-3], *more), (ROOT, GATEWAYS))]


def test_a_run_in_its_own_namespaces_breaks_no_rule() -> None:
    assert list(trespasses(ALLOWED, (ROOT, GATEWAYS))) == []


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Request("patch", ISTIO, "gateways", "shop", "shop", 200), "written outside"),
        (Request("create", RBAC, "rolebindings", "kube-system", OWN_ROLE, 201), "written outside"),
        (Request("patch", "", "namespaces", "shop", "shop", 200), "written outside"),
        (Request("delete", "", "persistentvolumes", "", "archive-of-treasury", 200), "written outside"),
        (Request("get", "", "pods/exec", GATEWAYS, "gateway-1", 101), "written outside"),
        (Request("get", "", "pods/portforward", "shop", "shop-1", 101), "written outside"),
        (Request("get", "", "secrets", "treasury", "keys", 200), "Secrets read"),
        (Request("list", "", "secrets", "", "", 200), "Secrets read"),
        (Request("list", "", "secrets", OURS, "", 200), "Secrets read"),
        (Request("watch", "", "secrets", "shop", "", 200), "Secrets read"),
        (Request("list", "", "configmaps", "", "", 403), "refused"),
    ],
)
def test_each_request_that_is_not_allowed_is_named(request_: Request, why: str) -> None:
    (line,) = broken(request_)
    assert line.startswith(why)
    assert str(request_) in line


def test_a_namespace_that_was_there_is_not_the_runs_own() -> None:
    taken = replace(MADE, namespace="shop", name="shop", code=409)
    assert broken(taken, Request("patch", "", "services", "shop", "shop", 200))


def test_what_is_refused_in_a_namespace_of_ones_own_counts_only_while_that_exists() -> None:
    refused = Request("list", "", "pods", OURS, "", 403)
    assert list(trespasses([refused, MADE], (ROOT, GATEWAYS))) == []
    assert broken(DELETED, refused) == []
    assert len(broken(DELETED, MADE, refused)) == 1


def test_a_right_that_nothing_needs_is_named_and_one_that_was_used_is_not() -> None:
    listed = Request("list", "", "pods", OURS, "", 200)
    unused = [str(one) for one in use_of([listed], AREAS).unused]
    assert "list pods in the run's own namespaces" not in unused
    assert "list pods in the whole cluster" in unused
    assert f"bind clusterroles.{RBAC} in the whole cluster" in unused


def test_an_apply_that_creates_uses_two_rights() -> None:
    applied = Request("patch", "", "services", OURS, "voting-app", 201)
    unused = [str(one) for one in use_of([applied], AREAS).unused]
    assert not {f"{verb} services in {Area.OURS}" for verb in ("patch", "create")} & {*unused}
    assert f"create services in {Area.OURS}" in map(str, use_of([replace(applied, code=200)], AREAS).unused)


def test_a_request_that_no_role_allows_is_named() -> None:
    watched = Request("watch", "", "pods", OURS, "", 200)
    assert use_of([watched], AREAS).unlisted == [watched]


def test_binding_the_role_uses_the_right_to_bind_it() -> None:
    bound = Request("create", RBAC, "rolebindings", OURS, OWN_ROLE, 201)
    assert f"bind clusterroles.{RBAC} in the whole cluster" not in map(str, use_of([bound], AREAS).unused)


def test_a_proof_fails_by_a_run_by_the_log_or_by_what_changed() -> None:
    def proof(code: int = 0, requests: tuple[Request, ...] = ALLOWED, changed: tuple[str, ...] = ()) -> Proof:
        return Proof("own-b", AKS, [NamedRun("whole run", 1.0, code)], requests, changed, whole=False)

    good = proof()
    assert (set(good.statuses), good.wrong) == ({ExitStatus.HOLDS}, [])
    assert "nothing of others was written" in str(good)
    assert proof(code=5).statuses[0] == ExitStatus.NOT_JUDGED
    secret = Request("get", "", "secrets", "treasury", "keys", 200)
    for bad in (
        proof(requests=(*ALLOWED, secret, secret)),
        proof(changed=("removed: Service shop/shop",)),
        replace(good, allowed=("delete namespace shop",)),
    ):
        assert bad.statuses[-1] == ExitStatus.FAILED
        assert "WRONG" in str(bad)
    assert any(
        line.startswith("a rule of the roles that no run needs") for line in replace(good, whole=True).wrong
    )


def test_a_run_that_should_fail_is_wrong_where_it_holds() -> None:
    failing = NamedRun("a run that fails", 1.0, ExitStatus.FAILED, ExitStatus.FAILED)
    assert failing.status == ExitStatus.HOLDS
    assert replace(failing, exit_code=0).status == ExitStatus.FAILED
    assert "should end with" in str(replace(failing, exit_code=0))


def event(user: str, code: int, **on: str) -> Mapping[str, Any]:
    return {
        "auditID": f"{user}{code}{on}",
        "user": {"username": user},
        "verb": "get",
        "objectRef": on,
        "responseStatus": {"code": code},
    }


def test_the_log_is_read_for_one_account_each_request_once(tmp_path: Path) -> None:
    stream = event(USER, 101, resource="pods", subresource="exec", namespace=OURS, name="p")
    lines = (
        stream,
        event("kubernetes-admin", 200, resource="secrets"),
        {**event(USER, 200), "objectRef": None} | {"auditID": "discovery"},
        stream,
        event(USER, 404, resource="services", namespace=OURS, name="voting-app", apiGroup=""),
    )
    log = tmp_path / "audit.log"
    log.write_text(
        "".join(json.dumps({k: v for k, v in one.items() if v is not None}) + "\n" for one in lines)
    )
    assert requests_of(log, USER) == [
        Request("get", "", "pods/exec", OURS, "p", 101),
        Request("get", "", "services", OURS, "voting-app", 404),
    ]


def test_what_was_added_removed_or_changed_is_named() -> None:
    before = {"Service shop/shop": "1 a", "Secret treasury/keys": "2 b"}
    after = {"Service shop/shop": "1 c", "Namespace /judge": "3 d"}
    assert differences(before, after) == [
        "added: Namespace /judge",
        "removed: Secret treasury/keys",
        "changed: Service shop/shop",
    ]
    assert differences(before, before) == []


def test_the_run_that_is_to_fail_has_manifests_with_a_claim_that_nobody_made() -> None:
    assert FAILING.mistake
    (content,) = with_mistake(*FAILING.mistake).values()
    documents = list(yaml.safe_load_all(content))
    lost = [one["metadata"]["name"] for one in documents if "nobody-made-it" in str(one)]
    assert len(lost) == 1
    assert len(documents) > len(lost)


class Kubectl:
    """A cluster whose API server answers each attempt alike."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def kubectl(self, *_: str) -> str:
        if self.answer:
            raise CommandFailed(self.answer)
        return "created (server dry run)"


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("", False),
        ("The connection to the server was refused", False),
        ('Error from server (Forbidden): secrets "keys" is forbidden', True),
        ("ValidatingAdmissionPolicy 'x' denied request: only in namespaces that it made", True),
    ],
)
def test_an_attempt_counts_as_refused_only_by_the_servers_word(answer: str, refused: bool) -> None:
    allowed = allowed_attempts(cast(PlainCluster, Kubectl(answer)))
    assert allowed == ([] if refused else [" ".join(words) for words in ATTEMPTS])


def test_the_api_server_writes_its_log_to_a_folder_of_this_machine(tmp_path: Path) -> None:
    config = audited_config(provisions(tmp_path), tmp_path)
    patch = yaml.safe_load(config["kubeadmConfigPatches"][-1])["apiServer"]
    mounted = {one["containerPath"] for one in config["nodes"][0]["extraMounts"]}
    assert mounted == {one["hostPath"] for one in patch["extraVolumes"]}
    assert patch["extraArgs"]["audit-log-path"].startswith(tuple(mounted))


def test_kubernetes_136_takes_arguments_as_a_list(tmp_path: Path) -> None:
    config = audited_config(replace(provisions(tmp_path), kubernetes_version="1.36.4"), tmp_path)
    arguments = yaml.safe_load(config["kubeadmConfigPatches"][-1])["apiServer"]["extraArgs"]
    assert {one["name"] for one in arguments} == {"audit-policy-file", "audit-log-path"}


def test_the_layout_of_aks_has_its_names_and_no_gateway_of_the_profile(tmp_path: Path) -> None:
    spec = operator(provisions(tmp_path), AKS)["spec"]
    assert (spec["revision"], spec["values"]["global"]["istioNamespace"]) == ("asm-1-31", "aks-istio-system")
    enabled = {one["name"]: one["enabled"] for one in spec["components"]["ingressGateways"]}
    assert enabled == {"istio-ingressgateway": False, **dict.fromkeys(AKS.gateways, True)}
    assert "revision" not in operator(provisions(tmp_path), DEFAULTS)["spec"]


def test_the_command_takes_one_cluster_or_both_and_passes_arguments_on() -> None:
    assert settings([]).variants == ["own-a", "own-b"]
    asked = settings(["--only", "own-b", "--keep", "--", "-k", "canary"])
    assert (asked.variants, asked.keep, asked.arguments) == (["own-b"], True, ("-k", "canary"))
    assert (asked.job, settings(["--job"]).job) == (False, True)
    with pytest.raises(BadInput):
        settings(["--only", "c"])


def test_the_image_of_the_job_is_built_last_by_arguments_that_the_files_declare(tmp_path: Path) -> None:
    pulled = replace(provisions(tmp_path), source=ImagesFrom.PULL)
    made = list(builds(pulled, tmp_path, tmp_path, Progress()))
    (job, *_) = job_objects(DEFAULTS)
    assert made[-1][0] == job["spec"]["template"]["spec"]["containers"][0]["image"]
    for _, words, _ in made:
        options = dict(zip(words[::2], words[1::2], strict=True))
        text = Path(options["--file"]).read_text()
        given = {words[at + 1].partition("=")[0] for at, word in enumerate(words) if word == "--build-arg"}
        assert all(f"\nARG {name}=" in text for name in given)
        assert "--target" not in options or f" AS {options['--target']}\n" in text


@pytest.mark.parametrize(
    ("conditions", "ended"),
    [
        ([], False),
        ([{"type": "FailureTarget", "status": "True"}], False),
        ([{"type": "Complete", "status": "False"}], False),
        ([{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}], True),
        ([{"type": "Failed", "status": "True"}], True),
    ],
)
def test_a_job_has_ended_by_its_last_condition_only(conditions: list[Mapping[str, str]], ended: bool) -> None:
    assert has_ended({"status": {"conditions": conditions}}) is ended
    assert not has_ended({})


def test_the_exit_code_of_the_job_is_that_of_its_container() -> None:
    assert exit_code_of({"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 5}}}]}}) == 5
