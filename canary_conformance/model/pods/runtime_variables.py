"""Environment variables that change how any program runs, whatever the application's contract says of them.

An application reads the variables of its contract; these are read by the loader, the resolver, the language's
runtime or the libraries below it. What they make of a component is not in the manifests. Sources: ld.so(8),
resolv.conf(5), Go's packages runtime and net/http, MySQL, "Environment Variables", and the official image of
MySQL ("Environment Variables").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.pods.container_environment import EnvVar

_READ_BY_RUNTIMES = re.compile(
    r"PATH|HOSTNAME|LD_[A-Z_]+|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES|(?i:https?_proxy|all_proxy)"
    r"|GODEBUG|GOGC|GOMEMLIMIT|GOMAXPROCS|GOTRACEBACK"
    r"|[A-Z_]*JAVA_(?:TOOL_)?OPTIONS|CLASSPATH|NODE_(?:OPTIONS|PATH|ENV)|PYTHON[A-Z]+|DOTNET_[A-Za-z_]+|ASPNETCORE_[A-Z_]+"
    r"|MYSQL_(?:TCP_PORT|UNIX_PORT|HOME|PWD|ROOT_HOST|[A-Z_]*_FILE|RANDOM_ROOT_PASSWORD|ONETIME_PASSWORD)"
)


def check_runtime_variables(container: Part, env: Mapping[str, EnvVar]) -> None:
    """Note each variable of a container that changes its program's runtime as a problem of the pods."""
    own = {part["name"].text(): part for part in container["env"].items()}
    for name in env:
        if _READ_BY_RUNTIMES.fullmatch(name):
            part = own.get(name, container["envFrom"])
            part.problem(f"what {name} changes in the container's program is not in the manifests")
