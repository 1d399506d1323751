"""A barrier filter as C99 without dependencies, for controllers that have no room for Python.

`export_c` writes it, `facts` says what it will cost. The C gives what `CbfFilter` gives: the same
rows and margins, the same programme solved by the same method and held to the same check.
"""

from hiera.safety.export.facts import Facts, facts
from hiera.safety.export.refusal import ExportError
from hiera.safety.export.write import COMPILE, export_c

__all__ = ["COMPILE", "ExportError", "Facts", "export_c", "facts"]
