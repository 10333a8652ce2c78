"""Objects that the API server and Istio's webhook take, and what makes them refuse one.

Every case was given to a server's dry run: Kubernetes 1.34 and Istio 1.31 refuse and take the same.
"""

from __future__ import annotations

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app, version: "1.0"}
    spec:
      containers:
        - name: app
          image: app:1
          ports:
            - {name: http, containerPort: 8080}
          env:
            - name: USER
              value: voting
          envFrom:
            - secretRef: {name: account}
          readinessProbe:
            httpGet: {path: /, port: http}
          resources:
            requests: {cpu: 25m, memory: 64Mi}
            limits: {memory: 128Mi}
          securityContext:
            seccompProfile: {type: RuntimeDefault}
          volumeMounts:
            - {name: data, mountPath: /data}
      volumes:
        - name: data
          emptyDir: {}
"""
STATEFUL = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: app}
spec:
  serviceName: app
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      initContainers:
        - name: first
          image: first:1
          restartPolicy: Always
          startupProbe:
            tcpSocket: {port: 80}
      containers:
        - name: app
          image: app:1
          volumeMounts:
            - {name: data, mountPath: /data}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: more, port: 81}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests: {storage: 1Gi}
"""
ROUTES = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: app}
spec:
  hosts: [app.example.com]
  gateways: [app-gateway]
  http:
    - match:
        - headers:
            cookie: {regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'}
      route:
        - destination:
            host: app
            subset: v1-0
            port: {number: 8080}
          weight: 1
        - destination: {host: app}
          weight: 99
"""
STREAM = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: storage}
spec:
  hosts: [storage]
  tcp:
    - match:
        - sourceLabels: {app: app}
      route:
        - destination: {host: storage}
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: app-gateway}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: ["*"]
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [voting/app.example.com]
      tls: {mode: SIMPLE, credentialName: app}
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: app}
spec:
  host: app
  trafficPolicy:
    tls: {mode: ISTIO_MUTUAL}
    portLevelSettings:
      - port: {number: 80}
        tls: {mode: DISABLE}
  subsets:
    - name: v1-0
      labels: {version: "1.0"}
    - name: v2-0
      labels: {version: "2.0"}
"""
POLICY = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec:
  selector:
    matchLabels: {app: app}
  mtls: {mode: STRICT}
  portLevelMtls:
    "6379": {mode: DISABLE}
"""
ALL = (DEPLOYMENT, STATEFUL, SERVICE, CLAIM, ROUTES, STREAM, GATEWAY, RULE, POLICY)

# Where most of it is.
C = "spec.template.spec.containers[0]"

REFUSED = [
    # An object, what is replaced in it and by what, and the line and words that tell it.
    # --- pods ---
    (DEPLOYMENT, "          image: app:1\n", "", f"12: {C}.image: missing: a container runs an image"),
    (DEPLOYMENT, "image: app:1", 'image: ""', f"13: {C}.image: missing: a container runs an image"),
    (DEPLOYMENT, "image: app:1", "image: ~", f"13: {C}.image: missing: a container runs an image"),
    (STATEFUL, "          image: first:1\n", "",
     "13: spec.template.spec.initContainers[0].image: missing: a container runs an image"),
    (DEPLOYMENT, "app: app, version", "app: apps, version",
     "6: spec.selector.matchLabels.app: the pods don't carry app=app"),
    (DEPLOYMENT, "    matchLabels: {app: app}", "    {}", "5: spec.selector: selects nothing"),
    (DEPLOYMENT, "    spec:\n      containers", "    spec:\n      restartPolicy: Never\n      containers",
     "11: spec.template.spec.restartPolicy: pods of this kind always restart"),
    (DEPLOYMENT, "name: http, containerPort: 8080", "name: HTTP, containerPort: 8080",
     f"15: {C}.ports[0].name: 'HTTP' isn't a port's name: small letters, digits and single hyphens"),
    (DEPLOYMENT, "name: http, containerPort: 8080", "name: a-name-that-is-long, containerPort: 8080",
     f"15: {C}.ports[0].name: a port's name has at most 15 characters"),
    (DEPLOYMENT, "containerPort: 8080", "containerPort: 80800",
     f"15: {C}.ports[0].containerPort: 80800 isn't between 1 and 65535"),
    (DEPLOYMENT, "{name: http, containerPort: 8080}",
     "{name: http, containerPort: 8080}\n            - {name: http, containerPort: 8081}",
     f"16: {C}.ports[1].name: another port is called http already"),
    (DEPLOYMENT, "              value: voting", "              value: voting\n              valueFrom: {}",
     f"19: {C}.env[0].valueFrom: wants one of fieldRef, resourceFieldRef, configMapKeyRef, "
     "secretKeyRef, fileKeyRef"),
    (DEPLOYMENT, "              value: voting",
     "              value: voting\n              valueFrom: {secretKeyRef: {name: a, key: b}}",
     f"19: {C}.env[0].valueFrom: the variable has a value already"),
    (DEPLOYMENT, "              value: voting", "              valueFrom: {secretKeyRef: {key: b}}",
     f"18: {C}.env[0].valueFrom.secretKeyRef.name: missing"),
    (DEPLOYMENT, "            - secretRef: {name: account}", "            - {}",
     f"20: {C}.envFrom[0]: wants one of configMapRef, secretRef"),
    (DEPLOYMENT, "secretRef: {name: account}", "secretRef: {}",
     f"20: {C}.envFrom[0].secretRef.name: missing"),
    (DEPLOYMENT, "            httpGet: {path: /, port: http}", "            periodSeconds: 1",
     f"21: {C}.readinessProbe: wants one of exec, httpGet, tcpSocket, grpc"),
    (DEPLOYMENT, "            httpGet: {path: /, port: http}", "            httpGet:",
     f"21: {C}.readinessProbe: wants one of exec, httpGet, tcpSocket, grpc"),
    (DEPLOYMENT, "httpGet: {path: /, port: http}", "httpGet: {port: http}\n            tcpSocket: {port: 80}",
     f"21: {C}.readinessProbe: only one of httpGet, tcpSocket can be here"),
    (DEPLOYMENT, "httpGet: {path: /, port: http}", "exec: {command: []}",
     f"22: {C}.readinessProbe.exec.command: missing"),
    (DEPLOYMENT, "port: http}", "port: 0}",
     f"22: {C}.readinessProbe.httpGet.port: 0 isn't between 1 and 65535"),
    (DEPLOYMENT, "port: http}", 'port: "8080"}',
     f"22: {C}.readinessProbe.httpGet.port: '8080' isn't a port's name: small letters, digits "
     "and single hyphens"),
    (DEPLOYMENT, "readinessProbe:", "livenessProbe:\n            successThreshold: 2",
     f"22: {C}.livenessProbe.successThreshold: must be 1 here"),
    (STATEFUL, "          restartPolicy: Always\n", "",
     "15: spec.template.spec.initContainers[0].startupProbe: a container that ends before the others "
     "start has none"),
    (DEPLOYMENT, "cpu: 25m", "cup: 25m",
     f"24: {C}.resources.requests.cup: no resource of containers: those are cpu, "
     "ephemeral-storage, memory, or have a slash"),
    (DEPLOYMENT, "limits: {memory: 128Mi}", "limits: {memory: 128}",
     f"24: {C}.resources.requests.memory: 64Mi is more than the limit of 128"),
    (DEPLOYMENT, "cpu: 25m", "cpu: -25m",
     f"24: {C}.resources.requests.cpu: is less than nothing: the string '-25m'"),
    (DEPLOYMENT, "cpu: 25m", "example.com/gpu: 1",
     f"24: {C}.resources.requests.example.com/gpu: a request of this resource needs a limit"),
    (DEPLOYMENT, "type: RuntimeDefault", 'type: ""',
     f"27: {C}.securityContext.seccompProfile.type: missing: a profile has a type"),
    (DEPLOYMENT, "type: RuntimeDefault", "type: Localhost",
     f"27: {C}.securityContext.seccompProfile.localhostProfile: missing: the type is Localhost"),
    (DEPLOYMENT, "type: RuntimeDefault", "type: RuntimeDefault, localhostProfile: a",
     f"27: {C}.securityContext.seccompProfile.localhostProfile: only a profile of type Localhost "
     "has a file"),
    (DEPLOYMENT, "name: data, mountPath", "name: dat, mountPath",
     f"29: {C}.volumeMounts[0].name: the pod has no volume 'dat'"),
    (DEPLOYMENT, "emptyDir: {}", "emptyDir: {}\n          hostPath: {path: /}",
     "33: spec.template.spec.volumes[0].hostPath: a volume is of one type, and this one has emptyDir"),
    # --- Services and claims ---
    (SERVICE, "name: more, ", "", "8: spec.ports[1].name: missing: of several ports each needs a name"),
    (SERVICE, "name: more", "name: http", "8: spec.ports[1].name: another port is called http already"),
    (SERVICE, "name: more", "name: More",
     "8: spec.ports[1].name: 'More' isn't a name of small letters, digits and hyphens"),
    (SERVICE, "port: 81", "port: 81000", "8: spec.ports[1].port: 81000 isn't between 1 and 65535"),
    (SERVICE, "targetPort: http", "targetPort: 80800",
     "7: spec.ports[0].targetPort: 80800 isn't between 1 and 65535"),
    (SERVICE, "port: 81", "port: 81, nodePort: 30080",
     "8: spec.ports[1].nodePort: a Service of type ClusterIP has no port of the nodes"),
    (SERVICE, "    - {name: http, port: 80, targetPort: http}\n    - {name: more, port: 81}\n", "    []\n",
     "6: spec.ports: a Service needs a port"),
    (CLAIM, "  accessModes: [ReadWriteOnce]\n", "",
     "4: spec.accessModes: missing: a claim needs its access modes"),
    (CLAIM, "storage: 1Gi", "storaeg: 1Gi",
     "7: spec.resources.requests.storage: missing: a claim needs a size"),
    (CLAIM, "storage: 1Gi", "storage: 0",
     "7: spec.resources.requests.storage: must be more than 0, not the number 0"),
    # --- VirtualServices ---
    (ROUTES, "  hosts: [app.example.com]\n", "",
     "4: spec.hosts: missing, and only a delegate, which has no gateways, needs none"),
    (STREAM, "  hosts: [storage]\n", "",
     "4: spec.hosts: missing, and only a delegate, which has no tcp, needs none"),
    (STREAM, "hosts: [storage]", 'hosts: ["*"]',
     "5: spec.hosts[0]: * is for the hosts of a named gateway, not for those of the mesh"),
    (ROUTES, "hosts: [app.example.com]\n  gateways: [app-gateway]",
     "hosts: ['*']\n  gateways: [app-gateway, mesh]",
     "5: spec.hosts[0]: * is for the hosts of a named gateway, not for those of the mesh"),
    (ROUTES, "hosts: [app.example.com]", "hosts: [app_1]",
     "5: spec.hosts[0]: 'app_1' can't be part of a name in DNS"),
    (ROUTES, "hosts: [app.example.com]", "hosts: [app.example.com, '*.example.com']",
     "5: spec.hosts[1]: *.example.com is covered by app.example.com already"),
    (ROUTES, "gateways: [app-gateway]", "gateways: [voting/]",
     "6: spec.gateways[0]: '' can't be a namespace or the name of a Gateway"),
    (ROUTES, "gateways: [app-gateway]", "gateways: [app_gateway]",
     "6: spec.gateways[0]: 'app_gateway' can't be part of a name in DNS"),
    (ROUTES, "(.*?; ?)?", "(?=a)",
     "10: spec.http[0].match[0].headers.cookie.regex: isn't a regular expression of RE2: "
     "invalid perl operator: (?="),
    (ROUTES, "regex: '^(.*?; ?)?(featureflag=on)(;.*)?$'", "prefix: ''",
     "10: spec.http[0].match[0].headers.cookie.prefix: is empty"),
    (ROUTES, "number: 8080", "number: 0",
     "15: spec.http[0].route[0].destination.port.number: wants a number between 1 and 65535"),
    (ROUTES, "port: {number: 8080}", "port: {}",
     "15: spec.http[0].route[0].destination.port.number: wants a number between 1 and 65535"),
    (ROUTES, "subset: v1-0", "subset: v1.0",
     "14: spec.http[0].route[0].destination.subset: 'v1.0' can't be the name of a subset"),
    (ROUTES, "host: app\n", "host: '*'\n",
     "13: spec.http[0].route[0].destination.host: * is no destination"),
    (ROUTES, "weight: 1\n", "weight: -1\n", "16: spec.http[0].route[0].weight: -1 is less than nothing"),
    (ROUTES, "      route:\n", "      fault: {}\n      route:\n",
     "11: spec.http[0].fault: wants abort or delay"),
    (ROUTES, "      route:\n", "      redirect: {uri: /x}\n      route:\n",
     "12: spec.http[0].route: can't stand beside redirect"),
    (ROUTES, "      route:\n", "      delegate: {name: x}\n      route:\n",
     "12: spec.http[0].route: a route that delegates has no destination of its own"),
    (STREAM, "      route:\n        - destination: {host: storage}\n", "",
     "7: spec.tcp[0].route: missing: a route leads to a destination"),
    (STREAM, "{app: app}", "{app: a b}",
     "8: spec.tcp[0].match[0].sourceLabels.app: app=a b can't be a label"),
    # --- Gateways, DestinationRules, PeerAuthentications ---
    (GATEWAY, "protocol: HTTP}", "protocol: HTTPx}",
     "7: spec.servers[0].port.protocol: 'HTTPx' isn't one of HTTP, HTTP2, GRPC, GRPC-WEB, HTTP_PROXY, "
     "HTTPS, TLS, MONGO, REDIS, MYSQL, TCP, UDP"),
    (GATEWAY, "name: https,", "name: http,",
     "9: spec.servers[1].port.name: another port is called http already"),
    (GATEWAY, "name: http,", 'name: "",',
     "7: spec.servers[0].port.name: missing: a Gateway's port has a name"),
    (GATEWAY, 'hosts: ["*"]', "hosts: []",
     "8: spec.servers[0].hosts: missing: a server answers for at least one host"),
    (GATEWAY, "voting/app", "vo_ting/app", "10: spec.servers[1].hosts[0]: 'vo_ting' can't be a namespace"),
    (GATEWAY, "number: 80,", "number: 80000,",
     "7: spec.servers[0].port.number: wants a number between 1 and 65535"),
    (GATEWAY, "      tls: {mode: SIMPLE, credentialName: app}\n", "",
     "9: spec.servers[1].tls: missing: a port of HTTPS needs it"),
    (GATEWAY, "protocol: HTTPS", "protocol: HTTP", "11: spec.servers[1].tls: a port of HTTP has none"),
    (GATEWAY, "{name: app-gateway}", "{name: app.gateway}",
     "3: metadata.name: 'app.gateway' can't be the name of a Gateway"),
    (RULE, "name: v2-0", "name: v1-0", "14: spec.subsets[1].name: another subset is called v1-0 already"),
    (RULE, "name: v2-0", "name: v2.0", "14: spec.subsets[1].name: 'v2.0' can't be the name of a subset"),
    (RULE, '"2.0"', '"2 0"', "15: spec.subsets[1].labels.version: version=2 0 can't be a label"),
    (RULE, "host: app\n", "host: app_\n", "5: spec.host: 'app_' can't be part of a name in DNS"),
    (RULE, "      - port: {number: 80}\n        tls: {mode: DISABLE}", "      - port: {number: 80}",
     "9: spec.trafficPolicy.portLevelSettings[0]: says nothing"),
    (RULE, '      labels: {version: "2.0"}', "      trafficPolicy: {}",
     "15: spec.subsets[1].trafficPolicy: says nothing"),
    (RULE, "mode: ISTIO_MUTUAL", "mode: MUTUAL, clientCertificate: /a",
     "7: spec.trafficPolicy.tls.privateKey: missing: TLS of mode MUTUAL needs it, or a credentialName"),
    (POLICY, "  selector:\n    matchLabels: {app: app}\n", "",
     "6: spec.portLevelMtls: modes of single ports need a selector, as only pods have ports"),
    (POLICY, '"6379"', '"0"', "9: spec.portLevelMtls.0: 0 isn't between 1 and 65535"),
    (POLICY, "{app: app}", '{app: "*"}',
     "6: spec.selector.matchLabels.app: app=*: a selector takes no * and no empty key"),
]  # fmt: skip

TAKEN = [
    # Null and nothing are no probe, no profile and no source of a value.
    (DEPLOYMENT, "            httpGet: {path: /, port: http}\n", ""),
    (DEPLOYMENT, "            seccompProfile: {type: RuntimeDefault}\n", "            seccompProfile:\n"),
    (DEPLOYMENT, "              value: voting", "              valueFrom:"),
    # Whoever runs it says so: the API server takes it, and the kubelet refuses the container.
    (DEPLOYMENT, "seccompProfile: {type: RuntimeDefault}", "{runAsNonRoot: true, runAsUser: 0}"),
    (DEPLOYMENT, "limits: {memory: 128Mi}",
     "limits: {memory: 0.0625Gi, hugepages-2Mi: 4Mi, example.com/gpu: 1}"),
    (DEPLOYMENT, "port: http}", "port: any-name}"),
    (DEPLOYMENT, "emptyDir: {}", "emptyDir:"),
    (SERVICE, "    - {name: http, port: 80, targetPort: http}\n    - {name: more, port: 81}\n",
     "    - {port: 80}\n"),
    (SERVICE, "port: 81", "port: 81, targetPort: 0"),
    (SERVICE, "  selector: {app: app}\n", "  type: NodePort\n"),
    (CLAIM, "storage: 1Gi", "storage: 1Gi, cpu: 1"),
    # A delegate has neither hosts nor gateways.
    (ROUTES, "  hosts: [app.example.com]\n  gateways: [app-gateway]\n", ""),
    (ROUTES, "hosts: [app.example.com]", 'hosts: ["*"]'),
    (ROUTES, "hosts: [app.example.com]", "hosts: [192.0.2.1]"),
    (ROUTES, "gateways: [app-gateway]", "gateways: [voting/app-gateway]"),
    (ROUTES, "      route:\n", "      mirror: {host: app}\n      route:\n"),
    (STREAM, "{app: app}", '{app: ""}'),
    (GATEWAY, "protocol: HTTP}", "protocol: http}"),
    (GATEWAY, "hosts: [voting/app.example.com]", 'hosts: ["./*"]'),
    (RULE, "mode: ISTIO_MUTUAL", "mode: MUTUAL, credentialName: a"),
    (RULE, "mode: ISTIO_MUTUAL", "mode: SIMPLE"),
    (RULE, "host: app\n", "host: '*.local'\n"),
]  # fmt: skip
