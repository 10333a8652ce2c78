"""What is applied of the objects of the manifests, and what the suite adds between them.

On a cluster that the suite did not make, pods get other references for their images, and the namespace the
Secret by which these are pulled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from canary_conformance.cluster.api import Object
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.own_namespace import is_own, with_labels
from canary_conformance.stages.cluster_objects import is_of_cluster
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.steps import Between


def between_objects(
    namespace: NamespaceUnderTest,
    settle: Callable[[Collection[str]], float | None],
    ahead: Callable[[Manifest], None] = lambda _: None,
) -> Between:
    """Return what is done between the objects of a file in this namespace; see Between."""
    return Between(settle, ahead, partial(body_of, namespace), partial(_after, namespace))


def body_of(namespace: NamespaceUnderTest, manifest: Manifest) -> Object:
    """Return what is applied of an object: the namespace keeps its labels of scenario.yaml, and ours."""
    setting = namespace.setting
    if is_own(manifest, namespace.name):
        return with_labels(manifest.body, {**setting.scenario.namespace_labels, **setting.label})
    if is_of_cluster(namespace.api, manifest):
        return with_labels(manifest.body, setting.label)
    images = setting.images
    return images.body_of(manifest) if images else manifest.body


def bring_pull_secret(namespace: NamespaceUnderTest) -> None:
    """Make the Secret by which the pods of the namespace pull their images, where there is one."""
    images = namespace.setting.images
    if images and images.pull_secret:
        namespace.api.apply(images.pull_secret.body(), namespace.name)


def _after(namespace: NamespaceUnderTest, manifest: Manifest) -> None:
    if is_own(manifest, namespace.name):
        bring_pull_secret(namespace)
