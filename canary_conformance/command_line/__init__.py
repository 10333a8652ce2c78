"""The program `canary-conformance`: the suite as it is installed from a wheel, outside of a clone."""
