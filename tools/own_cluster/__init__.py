"""The suite on clusters that it did not make: plain kind and istioctl, other people's work, an audit log."""
