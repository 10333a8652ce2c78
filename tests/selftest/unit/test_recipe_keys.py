"""A changed file changes the keys that hang on it and no other."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from canary_conformance.images import offline
from canary_conformance.images.go_recipes import GoPrograms, ModuleFile
from canary_conformance.images.node_image import Stocked, contents_of
from canary_conformance.images.pins import envoy_pins, kubernetes_modules
from canary_conformance.images.recipes import Bootstrapped, Built, Pulled, Recipe, WheelFile
from canary_conformance.images.versions import MeshVersion
from canary_conformance.images.voting_images import voting_images
from canary_conformance.paths import MANIFESTS


def everything(root: Path, version: str = "1.0", mysql: str = "mysql:8.4") -> tuple[Recipe, ...]:
    """Return a small graph with a recipe of each class, made from a folder's files."""
    base = Bootstrapped("debian", "bookworm")
    tools = GoPrograms("tools", root / "go", {"version": "1"})
    bootstrap = ModuleFile("bootstrap", root / "go", "example.org/module", "bootstrap.json")
    wheel = WheelFile("wheel", root / "requirements.txt", "bin/envoy")
    proxy = Built("proxy", root / "proxy", base, ((wheel, "envoy", "envoy"), (bootstrap, "b", "b")))
    node = Built("node", root / "node", base, ((tools, "kubelet", "bin/kubelet"),))
    with_mesh = Stocked("with-mesh", node, ((proxy, "localhost/proxy:1"),))
    app = Built("app", root / "app", base, arguments={"VERSION": version})
    storage = Pulled("storage", mysql)
    stocked = Stocked("stocked", with_mesh, ((app, "localhost/app:1"), (storage, "localhost/storage:1")))
    return (base, tools, bootstrap, wheel, proxy, node, with_mesh, app, storage, stocked)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("go", "proxy", "node", "app"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file").write_text("as it was")
    (root / "requirements.txt").write_text("envoy==1\n")
    return root


def keys(recipes: Sequence[Recipe]) -> dict[str, str]:
    return {recipe.name: recipe.key for recipe in recipes}


def changed(before: Sequence[Recipe], after: Sequence[Recipe]) -> set[str]:
    return {name for name, key in keys(after).items() if key != keys(before)[name]}


@pytest.mark.parametrize(
    ("file", "hanging_on_it"),
    [
        ("app/file", {"app", "stocked"}),
        ("node/file", {"node", "with-mesh", "stocked"}),
        ("proxy/file", {"proxy", "with-mesh", "stocked"}),
        ("requirements.txt", {"wheel", "proxy", "with-mesh", "stocked"}),
        ("go/file", {"tools", "bootstrap", "proxy", "node", "with-mesh", "stocked"}),
    ],
)
def test_a_changed_file_changes_the_keys_that_hang_on_it_and_no_other(
    root: Path, file: str, hanging_on_it: set[str]
) -> None:
    before = everything(root)
    assert len(set(keys(before).values())) == len(before)
    (root / file).write_text("changed")
    assert changed(before, everything(root)) == hanging_on_it


def test_a_changed_argument_or_reference_changes_what_hangs_on_it(root: Path) -> None:
    before = everything(root)
    assert changed(before, everything(root, version="2.0")) == {"app", "stocked"}
    assert changed(before, everything(root, mysql="mysql:9.0")) == {"storage", "stocked"}


def test_an_image_under_another_name_is_another_node(root: Path) -> None:
    app, node = (Built(name, root / name) for name in ("app", "node"))
    assert Stocked("node", node, ((app, "a:1"),)).key != Stocked("node", node, ((app, "a:2"),)).key


def test_a_node_holds_what_another_wants_whatever_its_layers(root: Path) -> None:
    for folder in ("app", "proxy", "node"):
        (root / folder / "file").write_text(folder)
    one, two, node = (Built(name, root / name) for name in ("app", "proxy", "node"))
    both = Stocked("both", Stocked("first", node, ((one, "a:1"),)), ((two, "b:1"),))
    assert Stocked("one", node, ((one, "a:1"),)).contents < both.contents
    assert Stocked("at once", node, ((two, "b:1"), (one, "a:1"))).contents == both.contents
    assert not Stocked("other name", node, ((one, "a:2"),)).contents <= both.contents
    assert not Stocked("other node", two, ((one, "a:1"),)).contents <= both.contents


@pytest.mark.parametrize(
    ("held", "serves"),
    [
        ({"small": "1", "right": "1 2"}, "right"),
        ({"small": "1", "big": "1 2 3"}, "big"),
        ({"big": "1 2 3", "small": "1"}, "big"),
        ({"small": "1", "unlabelled": ""}, None),
        ({}, None),
    ],
)
def test_an_image_that_holds_all_and_maybe_more_serves(
    root: Path, monkeypatch: pytest.MonkeyPatch, held: dict[str, str], serves: str | None
) -> None:
    node = Stocked("node", Built("node", root / "node"), ())
    monkeypatch.setattr(Stocked, "contents", frozenset({"1", "2"}))
    monkeypatch.setattr("canary_conformance.images.node_image.docker", lambda *_: " ".join(held))
    monkeypatch.setattr(
        "canary_conformance.images.node_image.contents_of",
        lambda tags: [frozenset(held[tag].split()) for tag in tags],
    )
    assert node.serving() == serves


def test_what_images_hold_is_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def docker(*words: str) -> str:
        asked.append(words)
        return "a b\n\nc\n"

    monkeypatch.setattr("canary_conformance.images.node_image.docker", docker)
    assert contents_of(["one", "unlabelled", "other"]) == [{"a", "b"}, frozenset(), {"c"}]
    assert contents_of([]) == []
    assert len(asked) == 1


def test_keys_do_not_depend_on_path_or_time(root: Path) -> None:
    before = keys(everything(root))
    elsewhere = root.rename(root.with_name("elsewhere"))
    for file in elsewhere.rglob("file"):
        file.write_text(file.read_text())
    assert keys(everything(elsewhere)) == before


def test_every_recipe_of_the_offline_node_has_a_name_and_key_of_its_own() -> None:
    seen: dict[tuple[str, str], Recipe] = {}

    def visit(recipe: Recipe) -> None:
        assert seen.setdefault((recipe.name, recipe.key), recipe) == recipe
        for need in recipe.needs:
            visit(need)

    meshes = [MeshVersion("1.31.0", envoy) for envoy in envoy_pins()]
    visit(offline.offline_node(list(kubernetes_modules())[-1], meshes))
    assert len(seen) > 20


def test_another_envoy_is_a_proxy_and_the_layers_of_the_mesh_and_what_stands_on_it() -> None:
    """Kubernetes, Istio's programs and control plane are what they were."""

    def made(*envoys: str) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()

        def visit(recipe: Recipe) -> None:
            found.add((recipe.name, recipe.key))
            for need in recipe.needs:
                visit(need)

        kubernetes = list(kubernetes_modules())[-1]
        visit(offline.offline_node(kubernetes, [MeshVersion("1.31.0", envoy) for envoy in envoys]))
        return found

    first, *_, last = envoy_pins()
    assert {name for name, _ in made(first, last) - made(last)} == {
        f"envoy-{first}",
        f"proxyv2-envoy{first}",
        "node-with-mesh",
        "node",
    }
    assert made(first, last) == made(last, first)


def test_the_application_s_images_are_those_that_the_manifests_name() -> None:
    named = set()
    for file in MANIFESTS.glob("kubernetes/*.yaml"):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == "Deployment":
                pod = document["spec"]["template"]["spec"]
                containers = [*pod.get("initContainers", []), *pod["containers"]]
                named |= {container["image"] for container in containers}
    assert named == {name for _, name in voting_images(offline.BASE)}
