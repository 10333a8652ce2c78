"""Proof of `--images pull` without the internet: a registry on loopback, stand-ins, a cold engine."""
