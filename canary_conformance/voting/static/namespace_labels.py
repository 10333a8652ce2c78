"""What the namespace asks of the mesh."""

from __future__ import annotations

from canary_conformance.model.model import Model
from canary_conformance.model.pods.injection import why_not_injecting
from canary_conformance.scenario.places import Finding


def without_injection(model: Model) -> list[Finding]:
    """Return why the namespace's pods get no sidecars by its labels (R1.1); nothing where they do."""
    state = model.state
    label, why = why_not_injecting(state.mesh, state.namespace_labels)
    return [Finding(state.label_place(label), why)] if why else []
