"""The suite beside a plain shell script, in turns on one cluster: `python -m tools.bench`."""
