"""What the control plane of a revision was installed with, as its own Deployment and ConfigMaps have it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.images.pins import numbers_of
from canary_conformance.mesh.running_components import CONTROL_PLANE

Object = Mapping[str, Any]
DEFAULT = "default"
# From this Kubernetes on Istio injects native sidecars by itself (istiod: ENABLE_NATIVE_SIDECARS=auto).
NATIVE_FROM = (1, 33)
_OF_A_TYPE = re.compile("-(debug|distroless)$")
_NATIVE, _SHARED = "ENABLE_NATIVE_SIDECARS", "SHARED_MESH_CONFIG"


@dataclass(frozen=True, slots=True)
class ControlPlaneSettings:
    """The settings of a control plane.

    Attributes:
        mesh_config: Its MeshConfig, with the one that several revisions share.
        values: The values that its injection uses.
        environment: Its variables.
    """

    mesh_config: Object
    values: Object
    environment: Mapping[str, str]

    @property
    def proxy_image(self) -> str:
        """The image of the proxy that it injects, "" where that is not known.

        Source: Istio, values global.hub, global.tag and global.proxy.image; the type of ProxyConfig.image
        takes the place of the tag's own.
        """
        of_all = self.values.get("global") or {}
        image = str((of_all.get("proxy") or {}).get("image") or "")
        if not image or "/" in image:
            return image
        tag = str(of_all.get("tag"))
        defaults = self.mesh_config.get("defaultConfig") or {}
        if kind := (defaults.get("image") or {}).get("imageType"):
            tag = _OF_A_TYPE.sub("", tag) + ("" if kind == DEFAULT else f"-{kind}")
        return f"{of_all.get('hub')}/{image}:{tag}"

    @property
    def cni(self) -> bool:
        """Whether pods are set up by the CNI plugin instead of an init container."""
        return bool(((self.values.get("pilot") or {}).get("cni") or {}).get("enabled"))

    def native_sidecars(self, kubelets: Iterable[str]) -> bool:
        """Return whether sidecars are native ones on nodes with these versions of the kubelet."""
        setting = self.environment.get(_NATIVE, "auto")
        return setting == "true" or (
            setting == "auto" and all(numbers_of(one)[:2] >= NATIVE_FROM for one in kubelets)
        )


def settings_of(api: Api, namespace: str, revision: str) -> ControlPlaneSettings:
    """Return the settings of a revision's control plane. Raises ApiException."""
    ending = "" if revision == DEFAULT else f"-{revision}"
    environment = _environment(api, namespace, revision)
    shared = _config_map(api, namespace, environment.get(_SHARED, ""))
    own = _config_map(api, namespace, f"istio{ending}")
    injector = _config_map(api, namespace, f"istio-sidecar-injector{ending}")
    # The revision's own settings take precedence (istiod: SHARED_MESH_CONFIG).
    mesh_config = {**_yaml(shared, "mesh"), **_yaml(own, "mesh")}
    return ControlPlaneSettings(mesh_config, json.loads(injector.get("values") or "{}"), environment)


def _environment(api: Api, namespace: str, revision: str) -> dict[str, str]:
    deployments = api.list("apps/v1", "Deployment", namespace, f"{CONTROL_PLANE},istio.io/rev={revision}")
    return {
        str(variable["name"]): str(variable.get("value", ""))
        for one in deployments
        for container in one["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env") or ()
    }


def _config_map(api: Api, namespace: str, name: str) -> dict[str, str]:
    found = api.get("v1", "ConfigMap", name, namespace) if name else None
    return dict((found or {}).get("data") or {})


def _yaml(data: Mapping[str, str], key: str) -> dict[str, Any]:
    return dict(yaml.safe_load(data.get(key) or "") or {})
