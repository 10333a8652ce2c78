"""Pods that carry a component's labels and are not the component are told apart from it."""

from textwrap import dedent, indent

import pytest

from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import LAST, SCENARIO, UPDATE


def toolbox(labels: str, image: str) -> dict[str, bytes]:
    """Return our manifests with one more Deployment in stage 2, listed, and deleted in stage 5."""
    first = "apiVersion: apps/v1\n"
    pods = dedent(f"""\
        kind: Deployment
        metadata: {{name: toolbox}}
        spec:
          selector: {{matchLabels: {{tool: toolbox}}}}
          template:
            metadata: {{labels: {{tool: toolbox, {labels}}}}}
            spec:
              containers:
                - name: toolbox
                  image: {image}
                  ports: [{{name: http, containerPort: 8080}}]
        ---
        """)
    overlay = changed(UPDATE, first, f"{first}{pods}{first}")
    created = indent("- Deployment/voting-analytics-1-1\n", " " * 10)
    ours = indent("- Deployment/toolbox\n", " " * 10)
    overlay = changed(SCENARIO, created, ours + created, on=overlay)
    return changed(SCENARIO, created, ours + created, at=1, on=overlay)


LIKE_THE_APP = 'app: voting-app, version: "1.0"'


@pytest.mark.parametrize("image", ["localhost/voting-analytics:1.1", "busybox", "localhost/voting-app:1.0"])
def test_a_second_workload_with_the_apps_labels_serves_pages_that_are_not_the_apps(image: str) -> None:
    results = results_of(toolbox(LIKE_THE_APP, image))
    assert {"R2.1", "R3.1"} <= failed(results)
    assert "toolbox (labelled voting-app 1.0) (25 %)" in words_of(results, "R2.1")


@pytest.mark.parametrize("labels", ["app: toolbox", 'app: toolbox, version: "1.0"'])
def test_a_second_workload_with_labels_of_its_own_serves_nothing(labels: str) -> None:
    results = results_of(toolbox(labels, "busybox"))
    assert not failed(results)
    assert not unjudged(results)


def test_a_component_with_another_ones_image_is_not_that_component() -> None:
    results = results_of(changed(LAST, "localhost/voting-app:2.0", "localhost/voting-analytics:2.0"))
    assert {"R4.2", "R4.4"} <= failed(results)
