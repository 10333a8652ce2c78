"""Random requests through the real mesh, each compared with the model: `python -m tools.mutants --fuzz N`."""
