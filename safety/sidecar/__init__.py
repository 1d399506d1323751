"""A safety filter as a process of its own, which any controller asks before every action.

Needs NumPy and the standard library, nothing more; what the filter needs is its own affair. The
format is in `protocol` (frames), `request` and `answers` (what is inside); a C99 client lies in
`c_client_folder`.
"""

from pathlib import Path

from hiera.safety.sidecar.address import Address, TcpAddress, UnixAddress, parse_address
from hiera.safety.sidecar.client import SidecarClient
from hiera.safety.sidecar.counters import Counters
from hiera.safety.sidecar.duties import Duties
from hiera.safety.sidecar.protocol import ProtocolError, SidecarError
from hiera.safety.sidecar.server import SidecarServer

__all__ = [
    "Address",
    "Counters",
    "Duties",
    "ProtocolError",
    "SidecarClient",
    "SidecarError",
    "SidecarServer",
    "TcpAddress",
    "UnixAddress",
    "c_client_folder",
    "parse_address",
]


def c_client_folder() -> Path:
    """Where ``hiera_client.h``, ``hiera_client.c`` and ``hiera_example.c`` lie."""
    return Path(__file__).parent / "c"
