"""Objects that the rules beyond the schemas take."""

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
