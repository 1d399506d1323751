"""hiera: agents that think slowly, act fast and never act unsafely.

Importing this package imports nothing else, so that ``import hiera.safety`` in somebody
else's controller stays light. The loop is ``hiera.loop``, the command line ``hiera.cli``.
"""

__version__ = "0.1.0"
