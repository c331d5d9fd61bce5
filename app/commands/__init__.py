"""One file per command of `nomoat`."""
