"""Mistakes in the files as files, and in the order in which things are made."""

from __future__ import annotations

from tools.mutants.mistake import (
    SCENARIO,
    Mistake,
    after,
    cut_after,
    documents_swapped,
    followed_by,
    renamed,
    swapped,
    text,
    to,
    without,
)

_APP = "VirtualService/voting-app"
_RULE = "DestinationRule/voting-app"

FILES = (
    Mistake(
        "a tab stands where YAML wants spaces",
        "istio/step-2",
        _APP,
        (text("  hosts:", "\thosts:"),),
        "R0.1",
    ),
    Mistake(
        "a line has one space too many",
        "istio/step-3",
        _APP,
        (text("  gateways:", "   gateways:"),),
        "R0.1",
    ),
    Mistake(
        "a key is there twice, as left by a merge",
        "istio/step-3",
        _RULE,
        (text("  host: voting-app\n", "  host: voting-app\n  host: voting-app\n"),),
        "R0.1",
    ),
    Mistake(
        "the marks of a merge were left in the file",
        "istio/step-4",
        _APP,
        (text("            subset: v2-0\n", "<<<<<<< HEAD\n            subset: v2-0\n=======\n"),),
        "R0.1",
    ),
    Mistake(
        "the three dashes between two objects are missing",
        "istio/step-2",
        _RULE,
        (text("---\n", ""),),
        "R0.1",
    ),
    Mistake(
        "the file ends in the middle of a rule",
        "istio/step-3",
        _APP,
        (cut_after("subset: v2-0\n"),),
        "R0.1",
    ),
    Mistake(
        "a template's value was never filled in",
        "istio/step-4",
        _APP,
        (to("spec.http[0].route[0].destination.subset", "{{ .Values.subset }}"),),
        "R0.1 R5.1",
    ),
    Mistake(
        "the rules are in the wrong field, a level too high",
        "istio/step-4",
        _APP,
        (text("  http:\n", "http:\n"),),
        "R0.1",
    ),
    # --- the order ------------------------------------------------------------------------------------
    Mistake(
        "the route to the app is locked before the rule that has its subset",
        "istio/step-2",
        _RULE,
        (documents_swapped(4),),
        "R3.7",
    ),
    Mistake(
        "mutual TLS is demanded before the first client's rule",
        "istio/step-2",
        _RULE,
        (documents_swapped(3),),
        "",
    ),
    Mistake(
        "the canary's pods come before its routes",
        "scenario",
        SCENARIO,
        (swapped("stages[3].steps[0]", "stages[3].steps[1]"),),
        "R4.1",
    ),
    Mistake(
        "the old Deployments are deleted while voters are still on them",
        "scenario",
        SCENARIO,
        (swapped("stages[4].steps[0]", "stages[4].steps[2]"),),
        "R5.3",
    ),
    Mistake(
        "the old subsets are dropped while voters are still on them",
        "scenario",
        SCENARIO,
        (swapped("stages[4].steps[0]", "stages[4].steps[1]"),),
        "R5.3",
    ),
    Mistake(
        "one old Deployment is forgotten",
        "scenario",
        SCENARIO,
        (without("stages[4].steps[2].delete[1]"),),
        "R5.3",
    ),
    Mistake(
        "the new app is deleted instead of the old one",
        "scenario",
        SCENARIO,
        (to("stages[4].steps[2].delete[0]", "Deployment/voting-app-2-0"),),
        "R5.1 R5.3",
    ),
    Mistake(
        "the namespace forbids sidecars",
        "scenario",
        SCENARIO,
        (to("namespace.labels.istio-injection", "disabled"),),
        "R1.1",
    ),
    Mistake(
        "the namespace's label is misspelt",
        "scenario",
        SCENARIO,
        (renamed("namespace.labels.istio-injection", "istio-inject"),),
        "R1.1",
    ),
    Mistake(
        "the namespace has no label",
        "scenario",
        SCENARIO,
        (without("namespace.labels.istio-injection"),),
        "R0.1 R1.1",
    ),
    Mistake(
        "the clean-up leaves everything but the Gateway",
        "scenario",
        SCENARIO,
        (to("stages[5].steps[0].delete[0]", "Gateway/voting-app-gateway"),),
        "R6.1",
    ),
    Mistake(
        "the source lists an object that no file has",
        "scenario",
        SCENARIO,
        (to("stages[1].steps[0].created[0]", "Deployment/voting-analytics-1-2"),),
        "R0.1",
    ),
    Mistake(
        "the source doesn't list an object that a file has",
        "scenario",
        SCENARIO,
        (without("stages[2].steps[0].created[3]"),),
        "R0.1",
    ),
    # --- files that were not meant to be applied as they are --------------------------------------------
    Mistake(
        "an image is a chart's template, in quotes",
        "kubernetes/step-1",
        "Deployment/voting-app-1-0",
        (to("spec.template.spec.containers[0].image", '"{{ .Values.image }}"'),),
        "R0.1",
    ),
    Mistake(
        "an image is a chart's template, without quotes",
        "kubernetes/step-1",
        "Deployment/voting-app-1-0",
        (text("image: localhost/voting-app:1.0", "image: {{ .Values.image }}"),),
        "R0.1",
    ),
    Mistake(
        "an image is a variable that nobody replaced",
        "kubernetes/step-3",
        "Deployment/voting-app-2-0",
        (to("spec.template.spec.containers[0].image", "${REGISTRY}/voting-app:2.0"),),
        "R0.1",
    ),
    Mistake(
        "a line is indented with no-break spaces, as copied from a web page",
        "istio/step-4",
        _APP,
        (text("  hosts:", "\u00a0\u00a0hosts:"),),
        "R0.1",
    ),
    Mistake(
        "the object is a dump of a cluster's, with its uid",
        "kubernetes/step-1",
        "Deployment/voting-app-1-0",
        (after("metadata.name", "uid: 0b6d3c5e-7a0f-4a55-9a1d-0d6b6c0a3e11"),),
        "R0.1",
    ),
    Mistake(
        "the object is a dump of a cluster's, with its resourceVersion",
        "kubernetes/step-1",
        "Service/voting-storage",
        (after("metadata.name", 'resourceVersion: "4711"'),),
        "R0.1",
    ),
    Mistake(
        "the object is a dump of a cluster's, with its managedFields",
        "istio/step-2",
        _RULE,
        (after("metadata.name", "managedFields:\n  - manager: kubectl"),),
        "R0.1",
    ),
    Mistake(
        "the object has a generated name, which no apply finds again",
        "kubernetes/step-2",
        "Deployment/voting-analytics-1-1",
        (renamed("metadata.name", "generateName"),),
        "R0.1",
    ),
    Mistake(
        "a port has two keys, one with quotes and one without",
        "istio/step-2",
        "PeerAuthentication/default",
        (after("spec.mtls", "portLevelMtls:\n  9090: {mode: STRICT}\n  '9090': {mode: PERMISSIVE}"),),
        "R0.1",
    ),
    # --- objects beside the scenario's -------------------------------------------------------------------
    Mistake(
        "an object is applied again with another label, which nobody lists",
        "kubernetes/step-2",
        "Deployment/voting-analytics-1-1",
        (
            followed_by(
                "apiVersion: v1\nkind: Service\nmetadata: {name: voting-storage, labels: {app: storage}}\n"
                "spec:\n  selector: {app: voting-storage}\n"
                "  ports: [{name: redis, port: 6379, targetPort: redis}]"
            ),
        ),
        "R0.1",
    ),
    Mistake(
        "an autoscaler makes five pods of the app's three",
        "kubernetes/step-1",
        "Service/voting-app",
        (
            followed_by(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n"
                "  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: voting-app-1-0}\n"
                "  minReplicas: 5\n  maxReplicas: 9"
            ),
        ),
        "R0.1 R1.2",
    ),
    Mistake(
        "a budget is of an API that was removed",
        "kubernetes/step-1",
        "Service/voting-app",
        (
            followed_by(
                "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: voting-app}\n"
                "spec: {minAvailable: 1, selector: {matchLabels: {app: voting-app}}}"
            ),
        ),
        "R0.1",
    ),
    Mistake(
        "a namespace of another name is made, too",
        "kubernetes/step-1",
        "Service/voting-app",
        (followed_by("apiVersion: v1\nkind: Namespace\nmetadata: {name: voting-2}"),),
        "R0.1",
    ),
    Mistake(
        "the pods of the canary are not waited for",
        "scenario",
        SCENARIO,
        (to("stages[3].steps[1].wait_for", "routes"),),
        "R4.1 R4.2",
    ),
)
