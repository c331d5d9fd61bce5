"""Hosts and platforms that serve open weights, and operators of applications on them."""
