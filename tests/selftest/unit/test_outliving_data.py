"""What outlives the namespace by the manifests, and what goes with it."""

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import static_verdicts
from tests.selftest.manifest_files import FIRST, LAST

CLAIM = """          persistentVolumeClaim:
            claimName: mysql-pv-claim
"""
TEMPLATE = "    metadata:\n      labels:\n        app: voting-app\n"


def broken(file: str, *changes: tuple[str, str]) -> str:
    """Return why R6.1 fails with a file changed, "" where it holds."""
    text = (MANIFESTS / file).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    results = static_verdicts(MANIFESTS, {file: text.encode()})
    return " ".join(
        " ".join(one.words.split()) for one in results if "R6.1" in one.requirements and not one.held
    )


@pytest.mark.parametrize("kind", ["", "            type: DirectoryOrCreate\n"])
def test_data_on_the_node_outlives_the_namespace(kind: str) -> None:
    host_path = "          hostPath:\n            path: /var/lib/votes\n"
    text = broken(LAST, (CLAIM, host_path + kind))
    assert "what it writes to /var/lib/votes of the node outlives the namespace" in text
    assert f"{LAST}:" in text


@pytest.mark.parametrize(
    "volume",
    ["emptyDir: {}", "hostPath: {path: /etc/localtime, type: File}", "hostPath: {path: /etc/localtime}"],
)
def test_what_is_only_read_or_goes_with_its_pod_leaves_nothing(volume: str) -> None:
    spec = "      containers:\n        - name: voting-app\n"
    mounted = f"""      volumes:
        - name: more
          {volume}
      containers:
        - name: voting-app
          volumeMounts: [{{name: more, mountPath: /more, readOnly: true}}]
"""
    text = (MANIFESTS / FIRST).read_text(encoding="utf-8")
    assert spec in text
    assert broken(FIRST, (spec, mounted)) == ""


def test_pods_that_wait_for_a_finalizer_outlive_the_namespace() -> None:
    text = broken(
        FIRST, (TEMPLATE, TEMPLATE.replace("      labels", "      finalizers: [a.b/c]\n      labels"))
    )
    assert "its pods wait for their finalizer a.b/c, which nothing lifts" in text


@pytest.mark.parametrize(("policy", "kept"), [("", True), ("Retain", True), ("Delete", False)])
def test_a_volume_made_by_hand_is_retained_unless_it_says_otherwise(*, policy: str, kept: bool) -> None:
    reclaim = f"  persistentVolumeReclaimPolicy: {policy}\n" if policy else ""
    volume = f"""---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: votes
spec:
  capacity:
    storage: 1Gi
  accessModes: [ReadWriteOnce]
{reclaim}  csi:
    driver: a.b
    volumeHandle: votes
"""
    text = (MANIFESTS / FIRST).read_text(encoding="utf-8")
    output = broken(FIRST, (text, text + volume))
    assert ("its data is retained when its claim goes" in output) is kept
    assert "belongs to the cluster" in output
