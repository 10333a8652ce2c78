"""What changes for whom between two sets of manifests, by the model: `canary-conformance diff BASE HEAD`."""
