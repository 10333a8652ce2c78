"""Mistakes by which a folder weakens what it is measured by, and what outlives the scenario's end."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, becomes, breaks, followed_by, to, under, without

_VOLUME = "hostPath:\n  path: /var/lib/votes\n  type: DirectoryOrCreate"

YARDSTICK: Catalogue = {
    "scenario": {
        "the old Deployments are not deleted at all": breaks("R5.3", without("stages[4].steps[2]")),
        "the canary's Secret is deleted with the old Deployments": breaks(
            "R0.1", after("stages[4].steps[2].delete[3]", "- Secret/voting-storage-secret")
        ),
        "the policy of mutual TLS is deleted with the old Deployments": breaks(
            "R0.1 R5.4", after("stages[4].steps[2].delete[3]", "- PeerAuthentication/default")
        ),
        "the lock has no step": breaks("R0.1", under("stages[2].steps", "[]")),
        "the analytics of the update are not waited for": breaks(
            "R2.1", to("stages[1].steps[0].wait_for", "routes")
        ),
        "the canary applies the lock's file": breaks(
            "R0.1 R4.4",
            to("stages[3].steps[0].apply", "istio/step-2-update-and-add-routing-for-all-components.yaml"),
        ),
    },
    "istio/step-5 DestinationRule/voting-analytics": {
        "a subset of a version that never came is left": breaks(
            "R5.2", after("spec.subsets[0]", '- name: v3-0\n  labels:\n    version: "3.0"')
        )
    },
    "istio/step-5 DestinationRule/voting-storage": {
        "the subset of nobody is left": breaks(
            "R5.2", after("spec.subsets[0]", "- name: nobody\n  labels:\n    version: none")
        ),
        "a rule is left for a Service that does not exist": breaks(
            "R0.1 R5.2",
            followed_by(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: gone\n"
                "spec:\n  host: voting-cache\n"
            ),
        ),
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "MySQL keeps its data in a folder of the node": breaks(
            "R5.4 R6.1", becomes("spec.template.spec.volumes[0].persistentVolumeClaim", _VOLUME)
        ),
        "the pods of MySQL wait for a finalizer": breaks(
            "R6.1", after("spec.template.metadata.labels", "finalizers:\n  - backup.example.com/done")
        ),
    },
}
