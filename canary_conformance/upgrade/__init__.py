"""Upgrades: the mesh of a stage is moved to another version under traffic, judged, and moved back."""
