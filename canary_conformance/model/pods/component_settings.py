"""The settings with which a component ends as it starts, by the application's contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.scenario.application import Application, is_port
from canary_conformance.scenario.places import Finding


def refused_settings(
    application: Application, workload: str, component: str, version: str, env: Mapping[str, EnvVar]
) -> Iterator[Finding]:
    """Yield each setting with which the component of a workload ends as it starts.

    Args:
        application: Whose component it is.
        workload: The workload's name.
        component: What runs there, "" for no component.
        version: The pods' label, which counts where the name does not say.
        env: The variables of the component's container.
    """
    name = application.named(workload)
    version = name.version if name else version
    for variable_name in application.port_settings(component, version):
        if (
            (variable := env.get(variable_name))
            and variable.value is not None
            and not is_port(variable.value)
        ):
            yield Finding(variable.place, _no_port(variable, workload))
    for refused in application.refused_values(component, version):
        found = env.get(refused.variable)
        if found is not None and found.value == refused.value:
            sentence = f"{refused.variable} of {workload} is {refused.value}, and {refused.reason}"
            yield Finding(found.place, sentence)


def _no_port(variable: EnvVar, workload: str) -> str:
    setting = f"{variable.name}={variable.value}, which is not the number of a port"
    if variable.origin.startswith("Service/"):
        links = "Kubernetes sets such variables in every pod for each Service (enableServiceLinks)"
        return f"{variable.origin} gives the pods of {workload} {setting}: {links}"
    return f"{workload} has {setting}"
