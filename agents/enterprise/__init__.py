"""Enterprises and their slots, as columns: population, choice, adoption, usage."""
