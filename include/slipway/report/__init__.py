"""The report: the record of a release as people read it."""
