"""Sweeps: many runs declared in one file, their design, their store and who works on them."""
