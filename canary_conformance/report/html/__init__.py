"""report.html: one page made of report.json, without scripts and without the network."""
