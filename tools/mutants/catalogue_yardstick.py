"""Mistakes by which a folder weakens what it is measured by, and what outlives the scenario's end."""

from __future__ import annotations

from tools.mutants.mistake import SCENARIO, Mistake, after, becomes, followed_by, to, under, without

_MYSQL = "Deployment/voting-storage-2-0"
_VOLUME = "hostPath:\n  path: /var/lib/votes\n  type: DirectoryOrCreate"

YARDSTICK = (
    Mistake(
        "the old Deployments are not deleted at all",
        "scenario",
        SCENARIO,
        (without("stages[4].steps[2]"),),
        "R5.3",
    ),
    Mistake(
        "the canary's Secret is deleted with the old Deployments",
        "scenario",
        SCENARIO,
        (after("stages[4].steps[2].delete[3]", "- Secret/voting-storage-secret"),),
        "R0.1",
    ),
    Mistake(
        "the policy of mutual TLS is deleted with the old Deployments",
        "scenario",
        SCENARIO,
        (after("stages[4].steps[2].delete[3]", "- PeerAuthentication/default"),),
        "R0.1 R5.4",
    ),
    Mistake(
        "the lock has no step",
        "scenario",
        SCENARIO,
        (under("stages[2].steps", "[]"),),
        "R0.1",
    ),
    Mistake(
        "the analytics of the update are not waited for",
        "scenario",
        SCENARIO,
        (to("stages[1].steps[0].wait_for", "routes"),),
        "R2.1",
    ),
    Mistake(
        "the canary applies the lock's file",
        "scenario",
        SCENARIO,
        (to("stages[3].steps[0].apply", "istio/step-2-update-and-add-routing-for-all-components.yaml"),),
        "R0.1 R4.4",
    ),
    Mistake(
        "a subset of a version that never came is left",
        "istio/step-5",
        "DestinationRule/voting-analytics",
        (after("spec.subsets[0]", '- name: v3-0\n  labels:\n    version: "3.0"'),),
        "R5.2",
    ),
    Mistake(
        "the subset of nobody is left",
        "istio/step-5",
        "DestinationRule/voting-storage",
        (after("spec.subsets[0]", "- name: nobody\n  labels:\n    version: none"),),
        "R5.2",
    ),
    Mistake(
        "a rule is left for a Service that does not exist",
        "istio/step-5",
        "DestinationRule/voting-storage",
        (
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: gone\n"
                "spec:\n  host: voting-cache\n"
            ),
        ),
        "R0.1 R5.2",
    ),
    Mistake(
        "MySQL keeps its data in a folder of the node",
        "kubernetes/step-3",
        _MYSQL,
        (becomes("spec.template.spec.volumes[0].persistentVolumeClaim", _VOLUME),),
        "R5.4 R6.1",
    ),
    Mistake(
        "the pods of MySQL wait for a finalizer",
        "kubernetes/step-3",
        _MYSQL,
        (after("spec.template.metadata.labels", "finalizers:\n  - backup.example.com/done"),),
        "R6.1",
    ),
)
