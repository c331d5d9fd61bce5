"""Who acts in the market, and the rules they act by. Imports no other package of the project."""
