"""What other checkers say of the same mutants: `istioctl analyze` offline, the API server's dry run.

A peer has found a mutant when it says something of it that it doesn't say of the manifests as they are.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from canary_conformance.cluster.cluster_ownership import folder_of
from canary_conformance.cluster.nodes import node_image_of
from canary_conformance.errors import NotJudged
from canary_conformance.images import offline
from canary_conformance.images.pins import kubernetes_modules
from canary_conformance.mesh.istioctl import FINDINGS, read_findings
from canary_conformance.paths import store
from canary_conformance.processes import CommandFailed, complete, find_program, run
from canary_conformance.progress import Progress
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE, load_scenario
from canary_conformance.scenario.stages import Scenario
from canary_conformance.timeouts import LIMITS
from tools.mutants.edits import EditImpossible, YamlText
from tools.mutants.mutant import Mutant

ANALYZE, DRY_RUN = "istioctl analyze", "API server's dry run"
# The dry run needs a namespace that is there; the scenario's own comes and goes.
_DRY_RUN_NAMESPACE = "default"
_REFUSED = re.compile(r"error|invalid|forbidden|unknown field|Warning", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Peer:
    """What one checker found: its words by the mutant's name ("" nothing); `why_not` where it wasn't asked.

    A mutant that isn't in `said` was none for this checker: it reads no scenario.yaml.
    """

    name: str
    said: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""

    @property
    def found(self) -> int:
        """Return how many mutants it found."""
        return sum(1 for words in self.said.values() if words)


Ask = Callable[[Mapping[str, bytes], str], frozenset[str]]
"""Asks a checker about a file of the scenario, other contents given by path; returns its findings."""


def ask_peers(
    folder: Path, mutants: Sequence[Mutant], cluster_name: str, jobs: int, progress: Progress
) -> tuple[Peer, ...]:
    """Return what each checker says of each mutant, or why it wasn't asked."""
    scenario = load_scenario(folder)
    peers = []
    for name, made in ((ANALYZE, _analyze(folder, scenario)), (DRY_RUN, _dry_run(folder, cluster_name))):
        if isinstance(made, str):
            progress.note(f"{name}: not used, {made}")
            peers.append(Peer(name, why_not=made))
            continue
        with progress.phase(f"{name} on {len(mutants)} mutants"):
            peers.append(Peer(name, ask_all(mutants, made, jobs)))
    return tuple(peers)


def ask_all(mutants: Sequence[Mutant], ask: Ask, jobs: int) -> Mapping[str, str]:
    """Return what a checker says of each mutant that it doesn't say of the file without the mistake."""
    asked = [mutant for mutant in mutants if mutant.file != SCENARIO_FILE]
    before = {file: ask({}, file) for file in dict.fromkeys(mutant.file for mutant in asked)}

    def new(mutant: Mutant) -> str:
        return "; ".join(sorted(ask(mutant.overlay, mutant.file) - before[mutant.file]))

    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip((mutant.name for mutant in asked), pool.map(new, asked), strict=True))


def in_force(folder: Path, scenario: Scenario, overlay: Mapping[str, bytes], file: str) -> dict[str, str]:
    """Return the texts of all objects in force once the stage that applies a file has been made.

    They are listed by file; an object that a later file configures stands there only. A file that isn't YAML
    is kept whole.
    """
    stage = next(stage for stage in scenario.stages if file in stage.files())
    texts: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for name in reversed(dict.fromkeys(scenario.files_up_to(stage.number))):
        raw = overlay[name] if name in overlay else (folder / name).read_bytes()
        texts[name] = _without(raw.decode("utf-8", "replace"), taken)
    return {name: text for name, text in texts.items() if text.strip()}


def _without(text: str, taken: set[tuple[str, str]]) -> str:
    """Return a text without the objects that are taken, and take the others."""
    try:
        parsed = YamlText.parse(text)
        kept = []
        for number in range(len(parsed.documents)):
            written = parsed.document_text(number)
            key = _key(written)
            if key is None or key not in taken:
                kept.append(written.rstrip() + "\n")
            if key is not None:
                taken.add(key)
    except (yaml.YAMLError, EditImpossible, AttributeError):
        return text
    return "---\n".join(kept)


def _key(document: str) -> tuple[str, str] | None:
    body = yaml.safe_load(document)
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return (str(body.get("kind")), str(metadata.get("name"))) if isinstance(metadata, dict) else None


def _analyze(folder: Path, scenario: Scenario) -> Ask | str:
    """Return how to ask istioctl, or why it can't be asked."""
    built = offline.ISTIO.folder(store()) / "istioctl"
    istioctl = built if built.exists() else find_program("istioctl")
    if istioctl is None:
        return "istioctl is neither on PATH nor built; a run of tox -e e2e builds it"

    def ask(overlay: Mapping[str, bytes], file: str) -> frozenset[str]:
        with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
            paths = []
            for number, text in enumerate(in_force(folder, scenario, overlay, file).values()):
                paths.append(Path(temporary) / f"{number}.yaml")
                paths[-1].write_text(text, encoding="utf-8")
            options = ["--use-kube=false", "--namespace", scenario.namespace, "--output", "json"]
            command: list[str | Path] = [istioctl, "analyze", *options, *paths]
            try:
                ended = complete(command, limit=LIMITS.analyze, accepted=(0, FINDINGS))
                return frozenset(read_findings(ended))
            except (CommandFailed, NotJudged) as failed:
                return frozenset({_last_line(str(failed).replace(temporary, ""))})

    return ask


def _dry_run(folder: Path, cluster_name: str) -> Ask | str:
    """Return how to ask the API server, or why it can't be asked."""
    built = offline.kubernetes_programs(list(kubernetes_modules())[-1]).folder(store()) / "kubectl"
    kubectl = built if built.exists() else find_program("kubectl")
    kubeconfig = folder_of(cluster_name, store()) / "kubeconfig"
    if kubectl is None:
        return "kubectl is neither on PATH nor built"
    if not kubeconfig.exists() or find_program("docker") is None or node_image_of(cluster_name) is None:
        return f"no cluster {cluster_name} is kept; tox -e e2e -- --keep-cluster leaves one"
    options = ["--dry-run=server", "--validate=strict", "--namespace", _DRY_RUN_NAMESPACE]
    command: list[str | Path] = [kubectl, "--kubeconfig", kubeconfig, "apply", *options, "--filename", "-"]

    def ask(overlay: Mapping[str, bytes], file: str) -> frozenset[str]:
        raw = overlay[file] if file in overlay else (folder / file).read_bytes()
        try:
            run(command, limit=LIMITS.api_call, feed=raw)
        except CommandFailed as failed:
            return frozenset(line.strip() for line in str(failed).splitlines()[1:] if _REFUSED.search(line))
        return frozenset()

    return ask


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip()
