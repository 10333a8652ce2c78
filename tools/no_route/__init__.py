"""The suite run for real where this machine has no route to the node of its cluster."""
