"""The report: stored results as one page that needs no network and no knowledge of the field."""
