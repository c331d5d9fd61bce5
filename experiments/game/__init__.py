"""The game over strategies: vendors choose how open they are, the market pays them."""
