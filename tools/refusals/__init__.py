"""Runs that must be refused: a registry on loopback that misbehaves, and what the suite makes of it."""
