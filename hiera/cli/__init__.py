"""The command line; importing it imports neither Numba nor Gymnasium, so ``--help`` is quick."""

from hiera.cli.app import main

__all__ = ["main"]
