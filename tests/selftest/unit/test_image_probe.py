"""A pod with all images shows which of them a node can't pull, before anything else is made."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.cluster.image_probe import POD, explained, probe_images
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.cluster_images import PULL_SECRET, ClusterImages, PullSecret, UsedImage
from canary_conformance.progress import Progress
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.stages import ObjectRef

APP = UsedImage("localhost/voting-app:1.0", "IfNotPresent", Place("a.yaml", 7))
CALLER = UsedImage("localhost/voting-conformance-caller:1")
IMAGES = ClusterImages({"voting-app:1.0": "x.example/app:1"}, PullSecret({"x.example": {"auth": "abc"}}))
# As containerd and the kubelet write them.
STARTED = {"terminated": {"reason": "StartError", "exitCode": 128}}
FAILED = 'failed to pull and unpack image "x.example/app:1": failed to resolve reference "x.example/app:1": '


class Server:
    """An API server whose only pod has these states, one more look at each time."""

    def __init__(self, *looks: Mapping[str, Any], refuses: bool = False) -> None:
        self._looks = list(looks)
        self._refuses = refuses
        self.applied: list[Any] = []
        self.deleted: list[str] = []

    def apply(self, body: Any, namespace: str) -> None:
        if self._refuses:
            raise Refused(ObjectRef("Pod", POD), "exceeded quota")
        self.applied.append((namespace, body))

    def get(self, *_: str) -> dict[str, Any]:
        states = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        statuses = [{"name": name, "state": state, "imageID": ""} for name, state in states.items()]
        return {"spec": {"nodeName": "node-1"}, "status": {"containerStatuses": statuses}}

    def delete(self, *words: str) -> bool:
        self.deleted.append("/".join(words))
        return True


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def probe(server: Server, images: ClusterImages = IMAGES) -> None:
    probe_images(cast("Api", server), "suite", images, [APP, CALLER], Progress())


def failure(state: Mapping[str, Any], kind: type[Exception] = BadInput) -> str:
    server = Server({"image-0": state, "image-1": STARTED})
    with pytest.raises(kind) as failed:
        probe(server)
    assert server.deleted == [f"v1/Pod/{POD}/suite"]
    return str(failed.value)


def test_a_container_that_can_not_be_started_has_its_image() -> None:
    creating = waiting("ContainerCreating")
    server = Server(
        {},
        {"image-0": creating, "image-1": creating},
        {"image-0": STARTED, "image-1": creating},
        {"image-0": STARTED, "image-1": waiting("RunContainerError", "no such file")},
    )
    probe(server)
    assert server.deleted == [f"v1/Pod/{POD}/suite"]


def test_the_pod_has_each_image_with_its_policy_and_needs_no_program_of_it() -> None:
    server = Server({"image-0": STARTED, "image-1": STARTED})
    probe(server)
    namespace, body = server.applied[0]
    containers = body["spec"]["containers"]
    assert namespace == "suite"
    assert [(one["image"], one.get("imagePullPolicy")) for one in containers] == [
        ("x.example/app:1", "IfNotPresent"),
        (CALLER.name, None),
    ]
    assert {str(one["command"]) for one in containers} == {"['/voting-conformance-no-such-program']"}
    assert body["spec"]["imagePullSecrets"] == [{"name": PULL_SECRET}]
    assert body["metadata"]["labels"] == {"sidecar.istio.io/inject": "false"}


@pytest.mark.parametrize(
    ("words", "kind", "advice"),
    [
        ("unexpected status from HEAD request to https://x.example/v2/: 401 Unauthorized", BadInput,
         "--pull-secret"),
        ("x.example/app:1: not found", BadInput, "by --image localhost/voting-app:1.0=REFERENCE, or let"),
        ("no match for platform in manifest: not found", BadInput, "has the node's platform by --image"),
        ("dial tcp: lookup x.example: no such host", BadInput, "--push-to REGISTRY"),
        ("dial tcp 10.0.0.1:443: connect: connection refused", EnvironmentFailed, "--push-to REGISTRY"),
    ],
)  # fmt: skip
def test_a_pull_that_fails_names_both_images_the_line_the_reason_and_what_to_do(
    words: str, kind: type[Exception], advice: str
) -> None:
    message = failure(waiting("ErrImagePull", FAILED + words), kind)
    own_words = words.removeprefix("x.example/app:1: ")
    begin = f"node node-1 can't pull x.example/app:1: {own_words} (ErrImagePull); "
    assert message.startswith(f"{begin}it stands for localhost/voting-app:1.0 (a.yaml:7); ")
    assert advice in message
    assert "\n" not in message


def test_an_image_of_localhost_that_nothing_stands_for_is_the_users_to_mend() -> None:
    refused = (
        'failed to do request: Head "http://localhost/v2/": dial tcp [::1]:80: connect: connection refused'
    )
    server = Server({"image-0": STARTED, "image-1": waiting("ErrImagePull", refused)})
    with pytest.raises(BadInput) as failed:
        probe(server)
    assert "it is the suite's own image for its callers; name an image" in str(failed.value)


def test_several_images_are_one_message_with_a_line_for_each() -> None:
    refused = waiting("ErrImagePull", "pull access denied")
    with pytest.raises(BadInput) as failed:
        probe(Server({"image-0": refused, "image-1": refused}))
    first, *lines = str(failed.value).splitlines()
    assert first == (
        "node node-1 can't pull 2 of the 2 images of this run: name a file with a login that may pull it by "
        "--pull-secret FILE"
    )
    denied = "pull access denied (ErrImagePull)"
    assert lines == [
        f"  x.example/app:1: {denied}; it stands for localhost/voting-app:1.0 (a.yaml:7)",
        f"  {CALLER.name}: {denied}; it is the suite's own image for its callers",
    ]


def test_a_policy_by_which_nothing_is_pulled_is_the_users_to_mend() -> None:
    assert "Container image is not present" in failure(
        waiting("ErrImageNeverPull", "Container image is not present with pull policy of Never")
    )


def test_a_registry_that_limits_or_fails_is_tried_again_by_the_kubelet() -> None:
    busy = waiting("ErrImagePull", f"{FAILED}unexpected status: 429 Too Many Requests")
    probe(Server({"image-0": busy, "image-1": STARTED}, {"image-0": STARTED, "image-1": STARTED}))


def test_a_pod_that_is_refused_ends_the_run() -> None:
    with pytest.raises(EnvironmentFailed, match=r"no pod can be made in namespace suite: .*exceeded quota"):
        probe(Server(refuses=True))


def test_a_stage_that_lacks_an_image_says_what_it_stands_for() -> None:
    reason = 'container voting-app of pod a: ImagePullBackOff: Back-off pulling image "x.example/app:1"'
    told = explained(reason, IMAGES, [CALLER, APP])
    assert told.startswith(f"{reason}; it stands for localhost/voting-app:1.0 (a.yaml:7); name an image that")
    assert explained("pod a can't be scheduled", IMAGES, [APP]) == "pod a can't be scheduled"
