"""How people reach the simulation: the command line and, later, browser and report."""
