"""A small scenario.yaml, and the scenario that a text describes."""

from canary_conformance.scenario.scenario_file import parse_scenario_file
from canary_conformance.scenario.stages import Scenario
from canary_conformance.scenario.yaml_files import parse_yaml

TOLD = """\
name: aks-voting-app
namespace: {name: voting, labels: {istio-injection: enabled}}
stages:
  - number: 1
    name: deploy
    steps:
      - apply: kubernetes/step-1.yaml
        created: [Deployment/voting-app-1-0, Service/voting-app]
        wait_for: pods
      - apply: istio/step-1.yaml
        created: [Gateway/voting-app-gateway]
        configured: [VirtualService/voting-app]
        wait_for: routes
  - number: 5
    name: finalize
    steps:
      - apply: istio/step-4.yaml
        configured: [VirtualService/voting-app]
        wait_for: routes
      - apply: istio/step-5.yaml
        configured: [DestinationRule/voting-app]
        wait_for: routes
      - delete: [Deployment/voting-app-1-0]
  - {number: 6, name: clean up, steps: [{delete: [Service/voting-app]}]}
"""
LAST = "steps: [{delete: [Service/voting-app]}]"


def parse(text: str | bytes) -> Scenario:
    raw = text.encode() if isinstance(text, str) else text
    return parse_scenario_file(parse_yaml(raw, "scenario.yaml"), "scenario.yaml tells no scenario").scenario
