"""Vendors of models: capability, prices, strategies, money."""
