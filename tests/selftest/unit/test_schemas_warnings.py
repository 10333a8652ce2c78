"""What the API server warns of, and what it refuses of a dump or of other kinds, is told at its line.

Every case but those of a dump was given to the dry run of a Kubernetes 1.34, which answers the same; there
kubectl itself takes the uid and resourceVersion of a dump out, and server-side apply refuses them.
"""

import pytest

from tests.selftest.rules_objects import CLAIM, DEPLOYMENT, SERVICE, STATEFUL
from tests.selftest.schema_examples import findings

JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: job, image: job:1}
"""
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
            - {name: job, image: job:1}
"""
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: a}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
  minReplicas: 1
  maxReplicas: 3
"""
BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: a}
spec:
  minAvailable: 1
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: a, port: {number: 80}}}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: a}
roleRef: {kind: ClusterRole, name: view}
subjects:
  - {kind: ServiceAccount, name: a, namespace: b}
"""
DAEMONS = DEPLOYMENT.replace("kind: Deployment", "kind: DaemonSet")
PRIORITY = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\n"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n"
FOREIGN = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n"
ALL = (JOB, CRON, SCALER, BUDGET, INGRESS, BINDING, DAEMONS, PRIORITY, ACCOUNT, FOREIGN)

SEL, CON = "  selector:", "      containers:\n"
NAMED, POD = "metadata: {name: app}", "    spec:\n      containers:\n"
SECOND = (
    "        - name: helper\n          image: helper:1\n          ports: [{name: %s, containerPort: %s}]\n"
)
FOUND = [
    # --- a dump ---
    (DEPLOYMENT, NAMED, "metadata: {name: app, uid: a}", "3: metadata.uid: no object has this uid"),
    (SERVICE, NAMED, 'metadata: {name: app, resourceVersion: "1"}',
     "3: metadata.resourceVersion: is refused"),
    (CLAIM, "{name: claim}", "{name: claim, managedFields: [{manager: a}]}",
     "3: metadata.managedFields: must be absent"),
    (FOREIGN, "{name: a}", "{name: a, uid: b}", "3: metadata.uid: no object has this uid"),
    # --- deprecated and ignored ---
    (DEPLOYMENT, POD, "    spec:\n      nodeSelector: {beta.kubernetes.io/os: linux}\n      containers:\n",
     '11: spec.template.spec.nodeSelector.beta.kubernetes.io/os: the API server warns: deprecated since '
     'v1.14; use "kubernetes.io/os" instead'),
    (STATEFUL, "      initContainers:", "      nodeSelector: {failure-domain.beta.kubernetes.io/zone: a}\n"
     "      initContainers:", "deprecated since v1.17"),
    (DAEMONS, POD, "    spec:\n      topologySpreadConstraints:\n        - {maxSkew: 1, topologyKey: "
     "failure-domain.beta.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}\n"
     "      containers:\n", "topologyKey: the API server warns: deprecated since v1.17"),
    (DEPLOYMENT, POD, "    spec:\n      affinity:\n        nodeAffinity:\n"
     "          requiredDuringSchedulingIgnoredDuringExecution:\n            nodeSelectorTerms:\n"
     "              - matchExpressions: [{key: beta.kubernetes.io/arch, operator: Exists}]\n" + CON,
     "15: spec.template.spec.affinity.nodeAffinity"),
    (DEPLOYMENT, 'labels: {app: app, version: "1.0"}', 'labels: {app: app, version: "1.0"}\n      '
     'annotations: {scheduler.alpha.kubernetes.io/critical-pod: ""}', "use the \"priorityClassName\" field"),
    (DEPLOYMENT, "            seccompProfile: {type: RuntimeDefault}\n", "            runAsUser: 1\n", None),
    (DEPLOYMENT, "emptyDir: {}", "gitRepo: {repository: a}", "gitRepo: the API server warns: deprecated"),
    (DEPLOYMENT, "memory: 64Mi}", "memory: 100m}", "fractional byte value 100m"),
    (DEPLOYMENT, CON, CON + SECOND % ("more", 8080),
     "another container of the pod defines this port too"),
    (DEPLOYMENT, CON, CON + SECOND % ("http", 9090), "duplicate port name 'http'"),
    (DEPLOYMENT, CON, CON + SECOND % ("more", 9090), None),
    (DEPLOYMENT, "metadata: {name: app}", "metadata: {name: app-1.0}", "a DNS label is recommended"),
    (STATEFUL, "metadata: {name: app}", "metadata: {name: app-1.0}", "may not contain dots"),
    (SERVICE, NAMED, "metadata: {name: app, annotations: {service.kubernetes.io/topology-aware-hints: auto}}",
     "topology-mode instead"),
    (SERVICE, SEL, "  externalName: a.example.com\n" + SEL, "ignored when spec.type is not"),
    (SERVICE, SEL, "  clusterIP: None\n  sessionAffinity: ClientIP\n" + SEL, "ignored for headless"),
    (CLAIM, "{name: claim}", "{name: claim, annotations: {volume.beta.kubernetes.io/storage-class: a}}",
     "deprecated since v1.8"),
    (INGRESS, "metadata: {name: a}\nspec:\n  ingressClassName: nginx\n",
     "metadata: {name: a, annotations: {kubernetes.io/ingress.class: nginx}}\nspec:\n",
     "spec.ingressClassName"),
    (ACCOUNT, "{name: a}", '{name: a, annotations: {kubernetes.io/enforce-mountable-secrets: "true"}}',
     "v1.32+"),
    (DEPLOYMENT, "apiVersion: apps/v1\nkind: Deployment", "apiVersion: v1\nkind: Endpoints", "unknown field"),
    # --- fields of another type ---
    (DEPLOYMENT, SEL, "  strategy: {type: Recreate, rollingUpdate: {maxSurge: 0}}\n" + SEL,
     "5: spec.strategy.rollingUpdate: must be left out when the type is Recreate"),
    (DEPLOYMENT, SEL, "  strategy: {type: Recreate, rollingUpdate: ~}\n" + SEL, None),
    (DEPLOYMENT, SEL, "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}\n" + SEL,
     "no pod could be replaced"),
    (DEPLOYMENT, SEL, "  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}\n" + SEL, None),
    (STATEFUL, SEL, "  updateStrategy: {type: OnDelete, rollingUpdate: {partition: 0}}\n" + SEL,
     "when the type is OnDelete"),
    (SERVICE, SEL, "  externalTrafficPolicy: Local\n" + SEL,
     "5: spec.externalTrafficPolicy: a Service of type ClusterIP has no traffic from outside"),
    (SERVICE, SEL, "  type: NodePort\n  externalTrafficPolicy: Local\n" + SEL, None),
    (SERVICE, SEL, "  externalIPs: [192.0.2.1]\n  externalTrafficPolicy: Local\n" + SEL, None),
    (SERVICE, SEL, "  internalTrafficPolicy: Local\n" + SEL, None),
    (SERVICE, SEL, "  type: LoadBalancer\n  healthCheckNodePort: 30000\n" + SEL, "healthCheckNodePort"),
    (SERVICE, SEL, "  type: NodePort\n  loadBalancerSourceRanges: [10.0.0.0/8]\n" + SEL,
     "has no load balancer"),
    (SERVICE, SEL, "  sessionAffinityConfig: {clientIP: {timeoutSeconds: 1}}\n" + SEL, None),
    # --- other kinds ---
    (DAEMONS, "app: app, version", "app: apps, version", "the pods don't carry app=app"),
    (JOB, "      restartPolicy: Never\n", "", "must be Never or OnFailure"),
    (JOB, "image: job:1", "imge: job:1", "unknown field"),
    (CRON, "OnFailure", "Always", "must be Never or OnFailure"),
    (CRON, "  schedule: \"* * * * *\"\n", "", "spec.schedule: missing"),
    (SCALER, "minReplicas: 1", "minReplicas: 5", "is 3, less than minReplicas, which is 5"),
    (SCALER, "apiVersion: apps/v1, ", "", "has to name the API group"),
    (SCALER, "  maxReplicas: 3\n", "", "spec.maxReplicas: missing"),
    (BUDGET, "minAvailable: 1", "minAvailable: 1\n  maxUnavailable: 1", "only one of both may be"),
    (INGRESS, "  defaultBackend: {service: {name: a, port: {number: 80}}}\n", "",
     "either defaultBackend or rules"),
    (BINDING, ", namespace: b", "", "a ServiceAccount is in a namespace"),
]  # fmt: skip


@pytest.mark.parametrize("text", ALL)
def test_examples_have_no_finding(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(("text", "old", "new", "told"), FOUND)
def test_each_is_told_at_its_line(text: str, old: str, new: str, told: str | None) -> None:
    assert text.count(old) == 1
    found = findings(text.replace(old, new))
    assert bool(found) is (told is not None)
    assert not found or any((told or "") in one for one in found)


def test_a_harmless_dump_has_no_finding() -> None:
    dumped = DEPLOYMENT.replace(
        NAMED,
        "metadata:\n  name: app\n  generation: 3\n  creationTimestamp: null\n  selfLink: /apis/apps/v1/app\n"
        '  annotations: {deployment.kubernetes.io/revision: "1"}',
    )
    assert findings(dumped + "status: {replicas: 3, observedGeneration: 1}\n") == []
