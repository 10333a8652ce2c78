"""voting-app: the page on which a voter chooses, sees the results and enters or leaves the canary."""
