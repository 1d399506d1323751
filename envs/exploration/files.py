"""Maps on disk: images, NumPy archives, ROS map_server pairs, Moving AI grids.

Formats: ROS 1/2 ``map_server`` (an image and a YAML file), mode ``trinary``; N. Sturtevant,
"Benchmarks for Grid-Based Pathfinding", IEEE T-CIAIG 4(2), 2012, for ``.map``. Images and ``.map``
files show the highest row first and are turned over, since here row 0 is the lowest.
"""

from __future__ import annotations


class MapError(ValueError):
    """A file, a start or a map that cannot be used; the message says what to do."""
