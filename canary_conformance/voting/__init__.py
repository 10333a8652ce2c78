"""Everything that knows the voting application."""
