"""The market in a browser: Mesa's page and our own, on this machine only."""
