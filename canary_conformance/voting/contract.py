"""The facts of the application: components, versions, ports, stores, chains. Other modules read them here.

Source: SCENARIO.md, "The application".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from canary_conformance.errors import BadInput
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.scenario.stages import Scenario

APP, ANALYTICS, STORAGE = "voting-app", "voting-analytics", "voting-storage"
PAGE_PORT, REDIS_PORT, MYSQL_PORT = 8080, 6379, 3306
"""The page and analytics listen at the first by default, each store at its own."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The versions through which one page is served, and the port of the store at its end."""

    app: str
    analytics: str
    storage: str
    store_port: int

    @property
    def page(self) -> str:
        """Its page's workload: "voting-app 1.0"."""
        return f"{APP} {self.app}"

    @property
    def counter(self) -> str:
        """Its workload of analytics: "voting-analytics 1.1"."""
        return f"{ANALYTICS} {self.analytics}"

    @property
    def store(self) -> str:
        """Its store's workload: "voting-storage 1.0"."""
        return f"{STORAGE} {self.storage}"


OLD, NEW = Chain("1.0", "1.1", "1.0", REDIS_PORT), Chain("2.0", "2.0", "2.0", MYSQL_PORT)
"""Through analytics 1.1 to Redis, and through analytics 2.0 to MySQL (R4.8)."""
FIRST_ANALYTICS = "1.0"
"""The version of analytics that R3.3 locks out of storage. It would ask the store of OLD."""
CHAINS = {chain.app: chain for chain in (OLD, NEW)}
"""By the version of the app."""

STORE_PORTS: Mapping[str, int] = {
    OLD.app: OLD.store_port,
    FIRST_ANALYTICS: OLD.store_port,
    OLD.analytics: OLD.store_port,
    NEW.app: NEW.store_port,
}
"""By the version of who asks: the port of its store at Service voting-storage."""
MAY_ASK_STORAGE = frozenset({OLD.analytics, NEW.analytics})
"""The versions of analytics that R3.3 doesn't lock out."""

DEPLOYMENT = re.compile(rf"({APP}|{ANALYTICS}|{STORAGE})-(\d+)-(\d+)")
"""How a Deployment is called: COMPONENT-MAJOR-MINOR."""

PATHS: Mapping[str, str] = {APP: "/", ANALYTICS: "/analytics"}
"""The path that answers at each component's HTTP port."""
ALIVE, READY = "/healthz", "/ready"
"""What the sample application's images answer besides: the first whether or not what they call answers."""


STAGES = range(1, 7)
"""The stages of the scenario, named as manifests/scenario.yaml names them."""
DEPLOY, UPDATE, LOCK, CANARY, FINALIZE, CLEAN_UP = STAGES
DEPLOYED_AT: Mapping[str, int] = {OLD.app: DEPLOY, OLD.analytics: UPDATE, NEW.app: CANARY}
"""By the version of a component: the stage that brings it."""


def check_stages(scenario: Scenario) -> None:
    """Check that each stage of a scenario is one of the voting app's: no other would be made or judged.

    Raises:
        BadInput: One is not.
    """
    strange = [f"{one.number} ({one.name})" for one in scenario.stages if one.number not in STAGES]
    if strange:
        raise BadInput(
            f"{SCENARIO_FILE} has stage {', '.join(strange)}, of which there is no requirement: nothing that "
            f"it applies would be judged. The stages are {STAGES[0]} to {STAGES[-1]}."
        )
