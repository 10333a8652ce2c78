"""Which pods workloads make, what runs in them, and why they don't get ready."""
