"""voting-analytics: says in one sentence how the vote stands."""
