"""Mutual TLS as both ends of a connection really do it: read from the configuration of their Envoys."""
