"""A namespace of a run is removed by the requests that its own controller makes, only sooner."""

from types import SimpleNamespace
from typing import Any, cast

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import delete_namespace


class Recorded:
    """An API that has a namespace, or has none; what it is asked for, in order."""

    def __init__(self, *, there: bool) -> None:
        self.asked: list[str] = []
        self._there = there

    def delete(self, _: str, kind: str, name: str) -> bool:
        self.asked.append(f"{kind}/{name}")
        return self._there

    def delete_pods_and_claims(self, namespace: str) -> None:
        self.asked.append(f"pods and claims of {namespace}")


def test_pods_and_claims_go_once_no_new_ones_can_come() -> None:
    api = Recorded(there=True)
    assert delete_namespace(cast(Any, api), "voting")
    assert api.asked == ["Namespace/voting", "pods and claims of voting"]


def test_nothing_is_deleted_of_a_namespace_that_does_not_exist() -> None:
    api = Recorded(there=False)
    assert not delete_namespace(cast(Any, api), "voting")
    assert api.asked == ["Namespace/voting"]


def test_pods_keep_their_grace_period_and_finalizers_are_not_lifted() -> None:
    asked: list[tuple[tuple[object, ...], dict[str, object]]] = []
    api = object.__new__(Api)
    api._dynamic = cast(Any, SimpleNamespace(request=lambda *told, **options: asked.append((told, options))))
    api.delete_pods_and_claims("voting")
    assert [told[0] for told, _ in asked] == ["delete", "delete"]
    assert [str(told[1]).rpartition("/")[2] for told, _ in asked] == ["pods", "persistentvolumeclaims"]
    assert all(options == {"serialize": False} for _, options in asked)
