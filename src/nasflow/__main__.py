"""`python -m nasflow` is the command `nasflow`."""

from nasflow.cli import main

main()
