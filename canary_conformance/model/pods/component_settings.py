"""The settings by which a component does not even start, by the application's contract.

Sources: SCENARIO.md, "The application" (configuration by environment); the official image of MySQL, which
refuses MYSQL_USER=root: root is made beside the account, with MYSQL_ROOT_PASSWORD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.contract import ANALYTICS, APP, DEPLOYMENT, STORAGE, is_port

_ROOT = "root"
_STORES = ("REDIS_PORT", "MYSQL_PORT")


def refused_settings(
    workload: str, component: str, version: str, env: Mapping[str, EnvVar]
) -> Iterator[Finding]:
    """Yield each setting by which the component of a workload ends as it starts.

    Args:
        workload: The workload's name; COMPONENT-MAJOR-MINOR by contract.
        component: What runs there, "" for no component.
        version: The pods' label, which counts where the name does not say.
        env: The variables of the component's container.
    """
    match = DEPLOYMENT.fullmatch(workload)
    second = int(match[2]) >= 2 if match else version.startswith("2")
    ports = {APP: ("PORT", "ANALYTICS_PORT", _STORES[second]), ANALYTICS: ("PORT", _STORES[second])}
    for name in ports.get(component, ()):
        if (variable := env.get(name)) and variable.value is not None and not is_port(variable.value):
            yield Finding(variable.place, _no_port(variable, workload))
    user = env.get("MYSQL_USER")
    if component == STORAGE and second and user is not None and user.value == _ROOT:
        sentence = f"MYSQL_USER of {workload} is root, and MySQL is not set up with root as a regular user"
        yield Finding(user.place, sentence)


def _no_port(variable: EnvVar, workload: str) -> str:
    told = f"{variable.name}={variable.value}, which is not the number of a port"
    if variable.origin.startswith("Service/"):
        links = "Kubernetes sets such variables in every pod for each Service (enableServiceLinks)"
        return f"{variable.origin} gives the pods of {workload} {told}: {links}"
    return f"{workload} has {told}"
