"""Images on a cluster that the suite did not make: what stands for those of the manifests; logins."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.errors import BadInput
from canary_conformance.images.cluster_images import (
    CALLER,
    PULL_SECRET,
    ClusterImages,
    PullSecret,
    UsedImage,
    cluster_images,
    read_pull_secret,
    used_images,
)
from canary_conformance.images.image_options import ClusterImageOptions
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import Manifest, ManifestFolder, load_manifests, parse_manifests
from canary_conformance.scenario.scenario_folder import load_scenario

DIGEST = f"sha256:{'a' * 64}"
LOGIN = {"auth": base64.b64encode(b"tester:long-enough-password").decode()}
SECRET = PullSecret({"registry.example.com": LOGIN})


def folder_of(*objects: dict[str, Any]) -> ManifestFolder:
    parsed = parse_manifests(yaml.safe_dump_all(objects).encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def pods(*images: str, kind: str = "Deployment", api_version: str = "apps/v1", **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    below: dict[str, Any] = {"containers": containers, **spec}
    if kind != "Pod":
        below = {"template": {"spec": below}}
    if kind == "CronJob":
        below = {"jobTemplate": {"spec": below}}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one"}, "spec": below}


def manifest_of(body: dict[str, Any]) -> Manifest:
    return folder_of(body).objects[0]


def mapped(*entries: str, manifests: ManifestFolder | None = None) -> ClusterImages:
    used = used_images(manifests or load_manifests(MANIFESTS, load_scenario(MANIFESTS)))
    return cluster_images(ClusterImageOptions(entries), used)


def test_an_entry_names_an_image_by_its_last_part_or_as_it_is_written() -> None:
    images = mapped("voting-app:1.0=x.example/a:1", "localhost/voting-app:2.0=x.example/b:2")
    assert images.reference("localhost/voting-app:1.0") == "x.example/a:1"
    assert images.reference("localhost/voting-app:2.0") == "x.example/b:2"
    assert images.reference("localhost/voting-storage:1.0") == "localhost/voting-storage:1.0"


def test_the_image_of_the_callers_has_a_name_like_those_of_the_manifests() -> None:
    assert mapped("voting-conformance-caller:1=x.example/c:1").reference(CALLER) == "x.example/c:1"


def test_the_name_as_it_is_written_comes_before_its_last_part() -> None:
    folder = folder_of(pods("a.example/web:1", "b.example/web:1"))
    images = mapped("web:1=x.example/short:1", "b.example/web:1=x.example/whole:1", manifests=folder)
    assert images.reference("a.example/web:1") == "x.example/short:1"
    assert images.reference("b.example/web:1") == "x.example/whole:1"


@pytest.mark.parametrize("reference", ["x.example:5000/a/b:1", "a", f"x.example/a@{DIGEST}", f"a:1@{DIGEST}"])
def test_a_reference_may_be_any_that_a_node_can_pull(reference: str) -> None:
    assert mapped(f"voting-app:1.0={reference}").reference("localhost/voting-app:1.0") == reference


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (["voting-app:1.0"], "--image 'voting-app:1.0' is not a valid entry; expected: NAME:TAG=REFERENCE"),
        (["=x.example/a:1"], "is not a valid entry"),
        (["voting-app:1.0=https://x.example/a:1"], "is not a valid entry"),
        (["voting-app:1.0=x.example/A b:1"], "is not a valid entry"),
        (["voting-app:1.0=a:1", "voting-app:1.0=b:1"], "has two entries for voting-app:1.0: a:1 and b:1"),
        (
            ["voting-app:3.0=a:1"],
            "no manifest uses the image voting-app:3.0; used are localhost/voting-storage",
        ),
        (["voting-app=a:1"], "no manifest uses the image voting-app;"),
    ],
)
def test_an_entry_that_stands_for_nothing_is_refused(entries: list[str], sentence: str) -> None:
    with pytest.raises(BadInput) as bad:
        mapped(*entries)
    assert sentence in str(bad.value)


def test_used_images_have_their_line_and_each_policy_once() -> None:
    init = [{"name": "i", "image": "init:1", "imagePullPolicy": "Always"}]
    folder = folder_of(pods("web:1", "auto", initContainers=init), pods("web:1"))
    found = used_images(folder)
    assert found == (UsedImage("web:1"), UsedImage("init:1", "Always"), UsedImage(CALLER, "IfNotPresent"))
    assert [str(one.place) for one in found] == ["a.yaml:9", "a.yaml:14", "None"]


@pytest.mark.parametrize(
    ("kind", "api_version", "path"),
    [
        ("Pod", "v1", ("spec",)),
        ("Deployment", "apps/v1", ("spec", "template", "spec")),
        ("StatefulSet", "apps/v1", ("spec", "template", "spec")),
        ("DaemonSet", "apps/v1", ("spec", "template", "spec")),
        ("Job", "batch/v1", ("spec", "template", "spec")),
        ("CronJob", "batch/v1", ("spec", "jobTemplate", "spec", "template", "spec")),
    ],
)
def test_pods_of_every_kind_are_applied_with_the_reference(
    kind: str, api_version: str, path: tuple[str, ...]
) -> None:
    init = [{"name": "i", "image": "init:1", "restartPolicy": "Always"}]
    own = [{"name": "mine"}]
    body = pods("web:1", kind=kind, api_version=api_version, initContainers=init, imagePullSecrets=own)
    manifest = manifest_of(body)
    images = ClusterImages({"web:1": "x.example/web:1", "init:1": "x.example/init:1"}, SECRET)
    applied: Any = images.body_of(manifest)
    for key in path:
        applied = applied[key]
    assert applied == {
        "containers": [{"name": "c0", "image": "x.example/web:1"}],
        "initContainers": [{"name": "i", "image": "x.example/init:1", "restartPolicy": "Always"}],
        "imagePullSecrets": [{"name": "mine"}, {"name": PULL_SECRET}],
    }
    assert manifest.body == body


def test_the_header_says_from_where_images_are() -> None:
    used = used_images(folder_of(pods("web:1"), pods("localhost/store:1")))
    images = ClusterImages({"web:1": f"x.example/team/web:1@{DIGEST}", "store:1": "x.example/team/store:1"})
    assert images.describe(used) == "2 of 3 from x.example/team"
    assert ClusterImages().describe(used) == "as the manifests name them"
    assert ClusterImages(pull_secret=SECRET).describe(used).endswith(", by the logins of --pull-secret")


def test_what_is_not_mapped_is_applied_as_it_is_written() -> None:
    folder = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    assert all(ClusterImages().body_of(one) == one.body for one in folder.objects)
    broken = manifest_of({**pods("web:1"), "spec": {"template": {"spec": {"containers": [3, {"image": 4}]}}}})
    assert ClusterImages({"web:1": "x"}).body_of(broken) == broken.body


def test_the_secret_holds_the_logins_and_no_report_shows_them(tmp_path: Path) -> None:
    file = tmp_path / "logins.json"
    file.write_text(json.dumps({"auths": {"r.example": LOGIN, "empty": {}}, "credsStore": "desktop"}))
    secret = read_pull_secret(file)
    body = secret.body()
    data = base64.b64decode(body["data"][".dockerconfigjson"]).decode()
    assert (body["type"], json.loads(data)) == (
        "kubernetes.io/dockerconfigjson",
        {"auths": {"r.example": LOGIN}},
    )
    hidden = secret.secret_values()
    assert {LOGIN["auth"], "long-enough-password", body["data"][".dockerconfigjson"]} == hidden
    assert "long-enough" not in repr(secret)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("no json", "can't be read as JSON"),
        ("[]", "has no logins under the key auths;"),
        ('{"auths": {"r.example": {}}}', "has no logins under the key auths;"),
        ('{"auths": {"r.example": {}}, "credsStore": "desktop"}', "(they are in a credential store, which"),
    ],
)
def test_a_file_without_logins_is_refused(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "logins.json"
    file.write_text(content)
    with pytest.raises(BadInput) as bad:
        read_pull_secret(file)
    assert f"--pull-secret {file} " in str(bad.value)
    assert why in str(bad.value)


def test_a_file_of_logins_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be read"):
        read_pull_secret(tmp_path / "absent")
