"""A cluster that the suite did not make: its context is named; what excludes each other is refused."""

from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.existing_options import IN_CLUSTER, ExistingOptions, existing_options

NONE = {"gateway": "", "revision": "", "namespace_prefix": "", "ingress": "", "images": "auto"}


def read(variable: str = "/none", /, **given: object) -> ExistingOptions | None:
    return existing_options((NONE | given).get, {"KUBECONFIG": variable})


def test_without_a_context_the_suite_makes_a_cluster() -> None:
    assert read() is None
    assert read(cluster_name="a", keep_cluster=True, load_node=Path("x"), reuse=True) is None


def test_a_context_takes_the_gateway_that_is_there() -> None:
    assert read(context="mine") == ExistingOptions("mine")
    assert read(
        context="mine",
        kubeconfig=Path("f"),
        gateway="a/b",
        revision="r",
        namespace_prefix="p-",
        ingress="own",
        check_cluster=True,
    ) == ExistingOptions("mine", Path("f"), "a/b", "r", "p-", "own", check=True)


def test_the_current_context_is_never_taken_and_those_of_the_file_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("current-context: a\ncontexts: [{name: a}, {name: b}]\n")
    needs = "--kubeconfig needs --context: the current context is never used by itself"
    with pytest.raises(BadInput) as bad:
        read(kubeconfig=file)
    assert str(bad.value) == f"{needs}; {file} has a, b"
    with pytest.raises(BadInput) as bad:
        read(kubeconfig=tmp_path / "absent")
    assert str(bad.value) == needs
    with pytest.raises(BadInput, match=r"--gateway needs --context: .*; .*/config has a, b"):
        read(f"{file}:/other", gateway="a/b")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cluster_name", "voting-conformance"),
        ("keep_cluster", True),
        ("reuse", True),
        ("clean_all", True),
        ("istio_version", "1.31.0"),
        ("load_node", Path("x")),
        ("images", "build"),
    ],
)
def test_what_is_about_the_suites_own_cluster_goes_with_no_other(option: str, value: object) -> None:
    name = option.replace("_", "-")
    with pytest.raises(BadInput, match=f"--{name} .*can't be combined with --context: "):
        read(context="mine", **{option: value})


def test_a_service_account_needs_no_file() -> None:
    assert read(context=IN_CLUSTER) == ExistingOptions(IN_CLUSTER)
    with pytest.raises(BadInput, match="--context in-cluster can't be combined with --kubeconfig"):
        read(context=IN_CLUSTER, kubeconfig=Path("f"))


@pytest.mark.parametrize("gateway", ["name", "a/b/c", "/b", "a/"])
def test_a_gateway_is_a_namespace_and_a_name(gateway: str) -> None:
    with pytest.raises(BadInput, match="--gateway must be NAMESPACE/NAME, not"):
        read(context="mine", gateway=gateway)


@pytest.mark.parametrize("prefix", ["-a", "A", "a_b", "a" * 21])
def test_a_prefix_begins_a_valid_name(prefix: str) -> None:
    with pytest.raises(BadInput, match="--namespace-prefix must be 1 to 20 lower-case letters"):
        read(context="mine", namespace_prefix=prefix)
