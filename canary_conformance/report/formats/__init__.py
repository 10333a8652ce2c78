"""What a run found out in the formats of those who review a change: each is a view of the findings."""
