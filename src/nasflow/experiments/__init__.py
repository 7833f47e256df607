"""Measuring predictors: the protocol, grids of runs that survive a kill, tables of results."""
