"""`python -m plotbot` is the same as `plotbot`."""

from plotbot.cli import main

main()
