"""`python -m trackwire` is the command `trackwire`."""

from trackwire.cli import main

main(prog_name="trackwire")
