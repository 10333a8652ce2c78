"""Mistakes in the files as files, and in the order in which things are made."""

from __future__ import annotations

from tools.mutants.mistake import (
    Catalogue,
    after,
    breaks,
    cut_after,
    documents_swapped,
    followed_by,
    renamed,
    swapped,
    text,
    to,
    without,
)

FILES: Catalogue = {
    "istio/step-2 VirtualService/voting-app": {
        "a tab stands where YAML wants spaces": breaks("R0.1", text("  hosts:", "\thosts:"))
    },
    "istio/step-3 VirtualService/voting-app": {
        "a line has one space too many": breaks("R0.1", text("  gateways:", "   gateways:")),
        "the file ends in the middle of a rule": breaks("R0.1", cut_after("subset: v2-0\n")),
    },
    "istio/step-3 DestinationRule/voting-app": {
        "a key is there twice, as left by a merge": breaks(
            "R0.1", text("  host: voting-app\n", "  host: voting-app\n  host: voting-app\n")
        )
    },
    "istio/step-4 VirtualService/voting-app": {
        "the marks of a merge were left in the file": breaks(
            "R0.1", text("            subset: v2-0\n", "<<<<<<< HEAD\n            subset: v2-0\n=======\n")
        ),
        "a template's value was never filled in": breaks(
            "R0.1 R5.1", to("spec.http[0].route[0].destination.subset", "{{ .Values.subset }}")
        ),
        "the rules are in the wrong field, a level too high": breaks("R0.1", text("  http:\n", "http:\n")),
        "a line is indented with no-break spaces, as copied from a web page": breaks(
            "R0.1", text("  hosts:", "\u00a0\u00a0hosts:")
        ),
    },
    "istio/step-2 DestinationRule/voting-app": {
        "the three dashes between two objects are missing": breaks("R0.1", text("---\n", "")),
        "the route to the app is locked before the rule that has its subset": breaks(
            "R3.7", documents_swapped(4)
        ),
        "mutual TLS is demanded before the first client's rule": breaks("", documents_swapped(3)),
        "the object is a dump of a cluster's, with its managedFields": breaks(
            "R0.1", after("metadata.name", "managedFields:\n  - manager: kubectl")
        ),
    },
    "scenario": {
        "the canary's pods come before its routes": breaks(
            "R4.1", swapped("stages[3].steps[0]", "stages[3].steps[1]")
        ),
        "the old Deployments are deleted while voters are still on them": breaks(
            "R5.3", swapped("stages[4].steps[0]", "stages[4].steps[2]")
        ),
        "the old subsets are dropped while voters are still on them": breaks(
            "R5.3", swapped("stages[4].steps[0]", "stages[4].steps[1]")
        ),
        "one old Deployment is forgotten": breaks("R5.3", without("stages[4].steps[2].delete[1]")),
        "the new app is deleted instead of the old one": breaks(
            "R5.1 R5.3", to("stages[4].steps[2].delete[0]", "Deployment/voting-app-2-0")
        ),
        "the namespace forbids sidecars": breaks("R1.1", to("namespace.labels.istio-injection", "disabled")),
        "the namespace's label is misspelt": breaks(
            "R1.1", renamed("namespace.labels.istio-injection", "istio-inject")
        ),
        "the namespace has no label": breaks("R0.1 R1.1", without("namespace.labels.istio-injection")),
        "the clean-up leaves everything but the Gateway": breaks(
            "R6.1", to("stages[5].steps[0].delete[0]", "Gateway/voting-app-gateway")
        ),
        "the source lists an object that no file has": breaks(
            "R0.1", to("stages[1].steps[0].created[0]", "Deployment/voting-analytics-1-2")
        ),
        "the source doesn't list an object that a file has": breaks(
            "R0.1", without("stages[2].steps[0].created[3]")
        ),
        "the pods of the canary are not waited for": breaks(
            "R4.1 R4.2", to("stages[3].steps[1].wait_for", "routes")
        ),
    },
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "an image is a chart's template, in quotes": breaks(
            "R0.1", to("spec.template.spec.containers[0].image", '"{{ .Values.image }}"')
        ),
        "an image is a chart's template, without quotes": breaks(
            "R0.1", text("image: localhost/voting-app:1.0", "image: {{ .Values.image }}")
        ),
        "the object is a dump of a cluster's, with its uid": breaks(
            "R0.1", after("metadata.name", "uid: 0b6d3c5e-7a0f-4a55-9a1d-0d6b6c0a3e11")
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "an image is a variable that nobody replaced": breaks(
            "R0.1", to("spec.template.spec.containers[0].image", "${REGISTRY}/voting-app:2.0")
        )
    },
    "kubernetes/step-1 Service/voting-storage": {
        "the object is a dump of a cluster's, with its resourceVersion": breaks(
            "R0.1", after("metadata.name", 'resourceVersion: "4711"')
        )
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "the object has a generated name, which no apply finds again": breaks(
            "R0.1", renamed("metadata.name", "generateName")
        ),
        "an object is applied again with another label, which nobody lists": breaks(
            "R0.1",
            followed_by(
                "apiVersion: v1\nkind: Service\nmetadata: {name: voting-storage, labels: {app: storage}}\n"
                "spec:\n  selector: {app: voting-storage}\n"
                "  ports: [{name: redis, port: 6379, targetPort: redis}]"
            ),
        ),
    },
    "istio/step-2 PeerAuthentication/default": {
        "a port has two keys, one with quotes and one without": breaks(
            "R0.1", after("spec.mtls", "portLevelMtls:\n  9090: {mode: STRICT}\n  '9090': {mode: PERMISSIVE}")
        )
    },
    "kubernetes/step-1 Service/voting-app": {
        "an autoscaler makes five pods of the app's three": breaks(
            "R0.1 R1.2",
            followed_by(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n"
                "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: voting-app-1-0}\n"
                "  minReplicas: 5\n  maxReplicas: 9"
            ),
        ),
        "a budget is of an API that was removed": breaks(
            "R0.1",
            followed_by(
                "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: voting-app}\n"
                "spec: {minAvailable: 1, selector: {matchLabels: {app: voting-app}}}"
            ),
        ),
        "a namespace of another name is made, too": breaks(
            "R0.1", followed_by("apiVersion: v1\nkind: Namespace\nmetadata: {name: voting-2}")
        ),
    },
}
