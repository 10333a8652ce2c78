"""The rows of Istio's kinds.

Sources: the Istio reference of each kind (1.31). Most of these fields are read with Part.only(), which notes
any other field of the mapping as a problem of the object: the answers that it takes part in are then unknown.
"""

from __future__ import annotations

from typing import Any

from canary_conformance.voting.static.field_classes import Tree, harmless, modelled, tree_of, unknown
from canary_conformance.voting.static.field_rows_metadata import METADATA, NAMESPACE
from canary_conformance.voting.static.field_rows_objects import OBJECTS
from canary_conformance.voting.static.fine_values import between, lasting, whole_seconds
from canary_conformance.voting.static.requirement_sets import ENDS, RUNS, SHARES, TRAFFIC

_TEXT = "{exact,prefix,regex}"
_H, _T = "spec.http.*", "spec.tcp.*"
_TO = "{host,subset}"
_RETRIED = frozenset(
    {
        *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited"),
        *("retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers"),
        *("http3-post-connect-failure", "cancelled", "deadline-exceeded", "internal", "resource-exhausted"),
        *("unavailable", "unknown"),
    }
)
_LEAST_ERROR = 400


def _retries_failures(_key: str, value: Any) -> bool:
    """Return whether only requests that fail are sent again: a vote's answer is no failure, but 302."""
    words = value.split(",") if isinstance(value, str) else [""]
    return all(
        word in _RETRIED or (word.isascii() and word.isdigit() and int(word) >= _LEAST_ERROR)
        for word in map(str.strip, words)
    )


def _is_an_error(_key: str, value: Any) -> bool:
    return isinstance(value, int) and value >= _LEAST_ERROR


VIRTUAL_SERVICE = tree_of(
    (
        *METADATA,
        modelled("model.routing.virtual_services", "spec.{hosts,gateways,exportTo}.*"),
        modelled("model.routing.virtual_services", f"{_H}.route.*.destination.{_TO}", f"{_H}.route.*.weight"),
        modelled("model.routing.virtual_services", f"{{{_H},{_T}}}.route.*.destination.port.number"),
        modelled("model.routing.virtual_services", f"{_T}.route.*.destination.{_TO}", f"{_T}.route.*.weight"),
        modelled("model.routing.virtual_services", f"{_H}.redirect.{{authority,uri}}"),
        modelled("model.routing.virtual_services", f"{_H}.directResponse.status", f"{_H}.rewrite.uri"),
        modelled("model.routing.virtual_services", f"{_H}.{{delegate,rewrite.uriRegexRewrite}}.**"),
        modelled(
            "model.routing.virtual_services",
            f"{_H}.mirror.{_TO}",
            f"{_H}.mirror.port.number",
            f"{_H}.mirrors.*.destination.{_TO}",
            f"{_H}.mirrors.*.destination.port.number",
            f"{_H}.mirrors.*.percentage.value",
            f"{_H}.mirrorPercentage.value",
            f"{_H}.{{mirrorPercent,mirror_percent}}",
        ),
        modelled("model.routing.virtual_services", "spec.tls.**"),
        modelled(
            "model.routing.route_matching",
            f"{_H}.match.*.{{uri,scheme,method,authority}}.{_TEXT}",
            f"{_H}.match.*.{{headers,withoutHeaders,queryParams}}.*.{_TEXT}",
            f"{_H}.match.*.{{ignoreUriCase,port,sourceNamespace}}",
            f"{_H}.match.*.{{sourceLabels,gateways}}.*",
            f"{_T}.match.*.{{port,sourceNamespace}}",
            f"{_T}.match.*.{{sourceLabels,gateways}}.*",
        ),
        modelled("model.routing.virtual_services", f"{_T}.match.*.{{destinationSubnets,sourceSubnet}}.**"),
        modelled("model.routing.route_faults", f"{_H}.fault.abort.{{httpStatus,grpcStatus}}"),
        modelled("model.routing.route_faults", f"{_H}.fault.{{abort,delay}}.percentage.value"),
        modelled("model.routing.route_faults", f"{_H}.fault.delay.{{fixedDelay,percent}}"),
        unknown(
            TRAFFIC,
            "the model does not follow this fault",
            f"{_H}.fault.abort.http2Error",
            f"{_H}.fault.delay.exponentialDelay",
        ),
        modelled(
            "model.routing.route_headers",
            f"{{{_H},{_H}.route.*}}.headers.{{request,response}}.{{set,add,remove}}.*",
        ),
        modelled("model.routing.route_timeouts", f"{_H}.timeout", f"{_H}.retries.{{attempts,perTryTimeout}}"),
        harmless(
            "which pod a failed request is sent to again, and when, does not matter: it is answered once",
            f"{_H}.retries.{{backoff,retryIgnorePreviousHosts,retryRemoteLocalities}}",
        ),
        unknown(
            TRAFFIC,
            "a vote that was counted may be sent again",
            f"{_H}.retries.retryOn",
            fine=_retries_failures,
        ),
        harmless("it is a name for people and statistics", f"{_H}.name", f"{_H}.match.*.{{name,statPrefix}}"),
        harmless("no component reads the name that it is called by", f"{_H}.rewrite.authority"),
        harmless(
            "a redirect, or an answer of the proxy's own, is no page whatever it says",
            f"{_H}.redirect.{{derivePort,port,prefixRewrite,redirectCode,scheme}}",
            f"{_H}.directResponse.body.**",
        ),
        harmless(
            "it answers a browser's question whether another site's page may call, which no voter's does",
            f"{_H}.corsPolicy.**",
        ),
    )
)

_POOL = "connectionPool"
_POLICY = tree_of(
    (
        modelled("model.routing.destination_rules", "tls.mode"),
        modelled(
            "model.routing.destination_rules",
            "tls.{caCertificates,caCrl,clientCertificate,credentialName,insecureSkipVerify,privateKey,sni}",
            "tls.subjectAltNames.*",
        ),
        modelled("model.routing.destination_rules", "loadBalancer.simple"),
        modelled("model.routing.destination_rules", "loadBalancer.consistentHash.httpHeaderName"),
        harmless(
            "which pod a request meets is not predicted, whatever the hash is of",
            "loadBalancer.consistentHash.{httpCookie,maglev,ringHash}.**",
            "loadBalancer.consistentHash.{httpQueryParameterName,minimumRingSize,useSourceIp}",
        ),
        modelled(
            "model.routing.destination_rules",
            "loadBalancer.{localityLbSetting,zoneAwareLbSetting}.**",
        ),
        unknown(
            SHARES,
            "the model does not follow how a new pod gets its share of requests",
            "loadBalancer.warmup.**",
            "loadBalancer.warmupDurationSecs",
        ),
        modelled("model.routing.destination_rules", "{proxyProtocol,tunnel,retryBudget}.**"),
        modelled(
            "model.routing.connection_limits",
            f"{_POOL}.tcp.{{maxConnections,connectTimeout}}",
            f"{_POOL}.http.{{http1MaxPendingRequests,http2MaxRequests}}",
            f"{_POOL}.http.{{h2UpgradePolicy,maxConcurrentStreams,http2KeepAlive}}.**",
        ),
        harmless(
            "connections are made anew without a request being lost, or asked whether they live",
            f"{_POOL}.http.{{maxRequestsPerConnection,maxRetries,useClientProtocol}}",
        ),
        unknown(
            TRAFFIC,
            "Envoy sets whole seconds, and a kernel refuses connections with none, or with so many probes",
            f"{_POOL}.tcp.tcpKeepalive.{{time,interval}}",
            fine=whole_seconds,
        ),
        unknown(
            TRAFFIC,
            "a kernel refuses connections with so many probes",
            f"{_POOL}.tcp.tcpKeepalive.probes",
            fine=between(1, 127),
        ),
        unknown(
            TRAFFIC,
            "the model does not follow connections that end so soon",
            f"{_POOL}.tcp.{{idleTimeout,maxConnectionDuration}}",
            f"{_POOL}.http.idleTimeout",
            fine=lasting(10),
        ),
        harmless(
            "pods that answer are not ejected, and no requirement is about pods that fail",
            "outlierDetection.{baseEjectionTime,consecutive5xxErrors,consecutiveErrors,interval}",
            "outlierDetection.{consecutiveGatewayErrors,consecutiveLocalOriginFailures}",
            "outlierDetection.{minHealthPercent,splitExternalLocalOriginErrors}",
        ),
        unknown(
            ENDS,
            "the last pod may be ejected while what it calls is replaced",
            "outlierDetection.maxEjectionPercent",
            fine=between(0, 33),
        ),
        unknown(
            TRAFFIC,
            "pods may be ejected for answers that are right",
            "outlierDetection.outlierDetectionHttpErrorCodes.*",
            fine=_is_an_error,
        ),
    )
)
_PORT = Tree(
    parts={**_POLICY.parts, "port": Tree(parts={"number": Tree(modelled("model.routing.destination_rules"))})}
)
_WHOLE = Tree(parts={**_POLICY.parts, "portLevelSettings": Tree(parts={"*": _PORT})})
DESTINATION_RULE = tree_of(
    (
        *METADATA,
        modelled("model.routing.destination_rules", "spec.host", "spec.exportTo.*"),
        modelled("model.routing.destination_rules", "spec.subsets.*.name", "spec.subsets.*.labels.*"),
        modelled("model.routing.destination_rules", "spec.workloadSelector.**"),
    ),
    {"spec.trafficPolicy": _WHOLE, "spec.subsets.*.trafficPolicy": _WHOLE},
)

_TLS = (
    "{caCertificates,caCrl,cipherSuites,insecureSkipVerify,maxProtocolVersion,"
    "minProtocolVersion,mode,privateKey,serverCertificate,subjectAltNames,tlsCertificates,"
    "verifyCertificateHash,verifyCertificateSpki}"
)
GATEWAY = tree_of(
    (
        *METADATA,
        modelled("model.routing.gateways", "spec.selector.*", "spec.servers.*.hosts.*"),
        modelled("model.routing.gateways", "spec.servers.*.port.{number,protocol}"),
        modelled("model.routing.gateways", "spec.servers.*.tls.httpsRedirect"),
        modelled("model.routing.gateways", "spec.servers.*.{bind,defaultEndpoint}"),
        harmless(
            "no voter calls a server of TLS, and one of HTTP that has it is noted",
            f"spec.servers.*.tls.{_TLS}.**",
        ),
        unknown(
            frozenset({"R5.2"}),
            "whether the gateway's namespace has this Secret is not in the manifests",
            "spec.servers.*.tls.{caCertCredentialName,credentialName,credentialNames}.**",
        ),
        harmless("it is a name for people", "spec.servers.*.name", "spec.servers.*.port.name"),
        unknown(
            TRAFFIC, "the model does not follow this port", "spec.servers.*.port.targetPort", may_mend=True
        ),
    )
)
SIDECAR = tree_of(
    (
        *METADATA,
        modelled("model.routing.sidecars", "spec.egress.*.hosts.*", "spec.workloadSelector.labels.*"),
        modelled("model.routing.sidecars", "spec.egress.*.{bind,captureMode,port}.**"),
        modelled("model.routing.sidecars", "spec.{ingress,inboundConnectionPool}.**"),
        modelled("model.routing.sidecars", "spec.outboundTrafficPolicy.mode"),
        modelled("model.routing.sidecars", "spec.outboundTrafficPolicy.egressProxy.**"),
    )
)
PEER_AUTHENTICATION = tree_of(
    (
        *METADATA,
        modelled("model.pods.peer_authentication", "spec.mtls.mode", "spec.portLevelMtls.*.mode"),
        modelled("model.pods.peer_authentication", "spec.selector.matchLabels.*"),
    )
)
_SOURCES = "{ipBlocks,namespaces,principals,remoteIpBlocks,requestPrincipals,serviceAccounts,trustDomains}"
_NO_SOURCES = (
    "{notIpBlocks,notNamespaces,notPrincipals,notRemoteIpBlocks,notRequestPrincipals,notServiceAccounts,"
    "notTrustDomains}"
)
_OPERATION = "spec.rules.*.to.*.operation"
AUTHORIZATION_POLICY = tree_of(
    (
        *METADATA,
        modelled("model.routing.authorization", "spec.action", "spec.selector.matchLabels.*"),
        modelled(
            "model.routing.authorization",
            f"spec.rules.*.from.*.source.{{{_SOURCES[1:-1]},{_NO_SOURCES[1:-1]}}}.**",
        ),
        modelled(
            "model.routing.authorization",
            f"{_OPERATION}.{{hosts,methods,paths,ports,notHosts,notMethods,notPaths,notPorts}}.**",
        ),
        modelled("model.routing.authorization", "spec.{provider,targetRef,targetRefs,rules.*.when}.**"),
    )
)
TELEMETRY = tree_of(
    (
        *METADATA,
        harmless(
            "logs, traces and measures change no answer",
            "spec.accessLogging.*.{disabled,match,providers}.**",
            "spec.metrics.*.{providers,reportingInterval}.**",
            "spec.metrics.*.overrides.*.{disabled,match}.**",
            "spec.metrics.*.overrides.*.tagOverrides.*.operation",
            "spec.{selector,targetRef,targetRefs,tracing}.**",
        ),
        unknown(
            RUNS,
            "a proxy refuses its whole configuration for an expression that it can't read",
            "spec.accessLogging.*.filter.**",
            "spec.metrics.*.overrides.*.tagOverrides.*.value",
        ),
    )
)
TABLE: dict[str, Tree] = {
    **OBJECTS,
    "Namespace": NAMESPACE,
    "VirtualService": VIRTUAL_SERVICE,
    "DestinationRule": DESTINATION_RULE,
    "Gateway": GATEWAY,
    "Sidecar": SIDECAR,
    "PeerAuthentication": PEER_AUTHENTICATION,
    "AuthorizationPolicy": AUTHORIZATION_POLICY,
    "Telemetry": TELEMETRY,
}
"""The rows of every kind that is not a row of voting.static.unmodelled_kinds as a whole."""
