"""Our walk beside the plain shell walk, in turns on one cluster: `python -m tools.bench`."""
