"""Reports made from run directories: a self-contained page, a GIF, a comparison."""

from hiera.report.compare import write_comparison
from hiera.report.gif import write_gif
from hiera.report.page import write_report

__all__ = ["write_comparison", "write_gif", "write_report"]
