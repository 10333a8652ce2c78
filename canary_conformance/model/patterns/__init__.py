"""Patterns of RE2 as automata: what one matches and another does not."""
