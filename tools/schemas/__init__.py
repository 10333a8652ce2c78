"""The schemas of the API server, written from a running cluster."""
