"""How the suite proves itself: bench, soak, matrix, mutants, faults."""
