"""What a running proxy distinguishes: the conditions of its routes, and filters of its own."""
