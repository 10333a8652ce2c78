"""References and registries are read as Docker reads them, and a file of pins that can't be used says why."""

import os
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images import pins as pinned
from canary_conformance.images.pins import (
    ISTIO_VERSION,
    minor_of,
    mirror,
    numbers_of,
    pins,
    pulled_from,
    reference_of,
    use_registry,
)
from canary_conformance.images.recipes import Pulled
from canary_conformance.images.references import Mirror, Reference
from canary_conformance.images.release_images import istioctl, pulled_node, releases
from canary_conformance.images.versions import MeshVersion, oldest_kind, supports
from canary_conformance.paths import IMAGES

DIGEST = f"sha256:{'0' * 64}"
OWN_PINS = IMAGES / "pulled/references.ini"
MESH = MeshVersion("1.31.1", None)


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what a test's use_registry() writes is undone.
    for name in (pinned.REGISTRY, pinned.PINS):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(
    ("text", "name", "digest"),
    [
        ("mysql:8.4", "docker.io/library/mysql:8.4", ""),
        ("istio/pilot:1.31.1", "docker.io/istio/pilot:1.31.1", ""),
        ("docker.io/mysql:8.4", "docker.io/library/mysql:8.4", ""),
        (f"docker.io/kindest/node:v1.34.11@{DIGEST}", "docker.io/kindest/node:v1.34.11", DIGEST),
        ("127.0.0.1:5000/some/prefix/istio/pilot:1", "127.0.0.1:5000/some/prefix/istio/pilot:1", ""),
        ("localhost/pilot:1", "localhost/pilot:1", ""),
        ("[::1]:5000/istio/pilot:1", "[::1]:5000/istio/pilot:1", ""),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, name: str, digest: str) -> None:
    reference = Reference.parse(text)
    assert (reference.name, reference.digest) == (name, digest)
    assert str(reference) == f"{name}@{digest}" if digest else name


@pytest.mark.parametrize(
    "text",
    [
        "", "istio/pilot", "Istio/pilot:1", "istio//pilot:1", "istio/pilot:", "a b:1", "a:1@sha256:12",
        "https://a/b:1",
    ],
)  # fmt: skip
def test_what_is_no_reference_with_a_tag_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a valid image reference; expected: HOST/PATH:TAG"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("registry", "pulled"),
    [
        ("harbor.example.com", "harbor.example.com/istio/pilot:1.31.1"),
        ("harbor.example.com/dockerhub", "harbor.example.com/dockerhub/istio/pilot:1.31.1"),
        ("127.0.0.1:5000/some/prefix/", "127.0.0.1:5000/some/prefix/istio/pilot:1.31.1"),
        ("localhost/x", "localhost/x/istio/pilot:1.31.1"),
    ],
)
def test_a_mirror_serves_the_same_paths_below_its_prefix(registry: str, pulled: str) -> None:
    use_registry(registry)
    assert pulled_from("pilot") == pulled
    assert pulled_from("mysql") == pulled.replace("istio/pilot:1.31.1", "library/mysql:8.4")
    assert pulled_from("node").partition("@")[2] == reference_of("node").digest != ""


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        (
            "https://harbor.example.com/dockerhub/",
            "must not have a scheme: write 'harbor.example.com/dockerhub'",
        ),
        ("dockerhub", "names no host: .*such as harbor.example.com/dockerhub"),
        ("harbor.example.com/Hub", "is not a valid registry; expected: HOST"),
        ("harbor.example.com:5000:1", "is not a valid registry"),
        ("harbor.example.com/istio/pilot:1.31.1", "is not a valid registry.*with no tag"),
        ("harbor example.com", "is not a valid registry"),
        ("me:secret@harbor.example.com", "is not a valid registry"),
    ],
)
def test_what_is_no_registry_is_refused_with_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, registry: str, said: str
) -> None:
    with pytest.raises(BadInput, match=f"^--registry .*{said}"):
        use_registry(registry)
    monkeypatch.setenv(pinned.REGISTRY, registry)
    with pytest.raises(BadInput, match=f"^VOTING_REGISTRY .*{said}"):
        use_registry(None)


def test_the_option_comes_before_the_environment_and_reaches_the_runs_that_a_command_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert mirror() is None
    monkeypatch.setenv(pinned.REGISTRY, "one.example/a")
    use_registry(None)
    assert mirror() == Mirror("one.example", "a")
    use_registry("two.example")
    assert mirror() == Mirror("two.example")
    assert os.environ["VOTING_REGISTRY"] == "two.example"
    use_registry("")
    assert mirror() is None


# --- what goes into the node -----------------------------------------------------------------------------


def test_images_of_the_mesh_keep_their_own_names_in_the_node_whatever_registry_serves_them() -> None:
    own = [name for _, name in pulled_node("1.34.11", [MESH]).images]
    use_registry("127.0.0.1:5000/some/prefix")
    node = pulled_node("1.34.11", [MESH])
    assert [name for _, name in node.images] == own
    assert own[:2] == ["docker.io/istio/pilot:1.31.1", "docker.io/istio/proxyv2:1.31.1"]
    from_registries = [image for image, _ in node.images if isinstance(image, Pulled)]
    assert from_registries
    for image in (*from_registries, *releases("1.34.11", [MESH]), istioctl(MESH).image):
        assert image.reference.startswith("127.0.0.1:5000/some/prefix/")


def test_a_digest_is_the_same_image_from_any_registry_and_a_tag_is_not() -> None:
    one, other = (f"{host}/kindest/node:v1.34.11" for host in ("docker.io", "mirror.example"))
    assert Pulled("node", f"{one}@{DIGEST}").key == Pulled("node", f"{other}@{DIGEST}").key
    assert Pulled("node", one).key != Pulled("node", other).key
    assert Pulled("node", f"{one}@{DIGEST}").key != Pulled("node", f"{one}@{DIGEST[:-1]}1").key


def test_a_pinned_digest_is_no_part_of_a_name_in_the_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = OWN_PINS.read_text().replace("istio/pilot:1.31.1", f"istio/pilot:1.31.1@{DIGEST}")
    named(text, tmp_path, monkeypatch)
    assert pulled_from("pilot").endswith(f"@{DIGEST}")
    assert pulled_node("1.34.11", [MESH]).images[0][1] == "docker.io/istio/pilot:1.31.1"


# --- the file of pins ------------------------------------------------------------------------------------


def named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a file of pins and name it in the environment."""
    file = tmp_path / f"pins-{len(list(tmp_path.iterdir()))}.ini"
    file.write_text(text)
    monkeypatch.setenv(pinned.PINS, str(file))
    return file


def test_another_file_of_pins_replaces_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = OWN_PINS.read_text().replace("v1.34.11", "v1.34.4").replace("1.31.1", "1.31.0")
    named(
        text.replace("[istioctl]\nreference = docker.io/istio/istioctl:1.31.0\n", ""), tmp_path, monkeypatch
    )
    use_registry(None)
    assert reference_of("node").version == "1.34.4"
    assert str(reference_of("istioctl")) == "docker.io/istio/istioctl:1.31.0"
    assert str(reference_of("istioctl", "1.30.2")) == "docker.io/istio/istioctl:1.30.2"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[debian]", "[debain]", r"it has no section \[debian\]"),
        ("[istioctl]", "[istiocli]", r"unknown section \[istiocli\]; known: debian, istioctl"),
        ("[mysql]\nreference", "[mysql]\nreferense", r"section \[mysql\] has no `reference =`"),
        ("library/mysql:8.4", "library/mysql", "'docker.io/library/mysql' is not a valid image reference"),
        ("kindest/node:v1.36.4", "kindest/node:latest",
         "the tag of docker.io/kindest/node:latest.* is not a release"),
        ("istio/pilot:1.31.1", "istio/pilot:1.31.0", "must lie in one folder and have one tag"),
        ("docker.io/istio/proxyv2", "gcr.io/istio/proxyv2", "must lie in one folder and have one tag"),
        ("[node]", "[node", "is not a valid file of image references: .*no section headers"),
        ("[debian]", "[node]", "is not a valid file of image references: .*already exists"),
    ],
)  # fmt: skip
def test_a_file_of_pins_that_can_not_be_used_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    assert old in OWN_PINS.read_text()
    file = named(OWN_PINS.read_text().replace(old, new, 1), tmp_path, monkeypatch)
    with pytest.raises(BadInput, match=said) as refused:
        use_registry(None)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_of_pins_that_is_not_there_or_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (tmp_path / "absent.ini", tmp_path):
        monkeypatch.setenv(pinned.PINS, str(place))
        with pytest.raises(BadInput, match=rf"the file of image references {place} can't be read"):
            use_registry(None)
    binary = tmp_path / "binary.ini"
    binary.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv(pinned.PINS, str(binary))
    with pytest.raises(BadInput, match="can't be read"):
        use_registry(None)


# --- the reviewed tables ---------------------------------------------------------------------------------


def test_istio_supports_the_kubernetes_of_its_own_table_and_no_other() -> None:
    assert [minor for minor in range(30, 39) if supports("1.31.1", f"1.{minor}.0")] == [32, 33, 34, 35, 36]
    assert not supports("1.28.3", "1.35.8")
    assert supports("1.28.3", "1.34.11")


def test_all_that_is_pinned_runs_on_the_pinned_istio_and_the_built_minor_is_the_pulled_one() -> None:
    pins = pinned.pins()
    assert all(supports(pins.of("pilot").version, node) for node in pins.nodes)
    assert all(node.digest for node in pins.nodes.values())
    built = list(pinned.kubernetes_modules())[-1]
    assert pinned.minor_of(pins.of("node").version) == pinned.minor_of(built)


def test_a_kind_is_new_enough_from_the_release_with_a_node_of_that_kubernetes_on() -> None:
    assert oldest_kind("1.34.11", "0.33.0") == "0.30.0"
    assert oldest_kind("1.36.4", "0.33.0") == "0.32.0"
    assert oldest_kind("1.99.0", "0.33.0") == "0.33.0"


def test_every_image_that_is_pulled_has_a_pinned_reference() -> None:
    own = pins().own
    assert set(own) == {"node", "debian", "pilot", "proxyv2", "istioctl", "mysql"}
    assert all(reference.tag != "latest" for reference in own.values())
    assert "@sha256:" in str(reference_of("node"))


def test_another_version_is_pulled_by_its_tag_and_a_pinned_one_by_its_digest() -> None:
    assert str(reference_of("pilot", "1.29.3")) == "docker.io/istio/pilot:1.29.3"
    assert str(reference_of("node", "1.33.4")) == "docker.io/kindest/node:v1.33.4"
    assert reference_of("node", reference_of("node").version) == reference_of("node")
    assert str(reference_of("node", "1.36.4")).startswith("docker.io/kindest/node:v1.36.4@sha256:099e0493")


def test_both_sources_run_the_same_istio_but_for_security_fixes_in_the_pulled_one() -> None:
    pulled = reference_of("pilot").version
    assert minor_of(pulled) == minor_of(ISTIO_VERSION)
    assert numbers_of(pulled) >= (1, 31, 1)
