"""Where a sidecar listens: ``unix:PATH``, or ``tcp:HOST:PORT`` on this machine."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass

from hiera.safety.sidecar.protocol import SidecarError

_LONGEST_PATH = 103
"""Bytes of a Unix socket's path that every system takes."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A socket file; only its owner may connect."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A port; with port 0 the system chooses one when it is opened."""

    host: str
    port: int

    def __str__(self) -> str:
        return (
            f"tcp:[{self.host}]:{self.port}" if ":" in self.host else f"tcp:{self.host}:{self.port}"
        )

    @property
    def loopback(self) -> bool:
        """True if nobody can reach it from another machine."""
        return ipaddress.ip_address(self.host).is_loopback


Address = UnixAddress | TcpAddress


def parse_address(text: str) -> Address:
    """Reads ``unix:PATH``, ``PATH`` or ``tcp:[HOST:]PORT``; the host is 127.0.0.1 if left out.

    Raises:
        SidecarError: If it is none of these; the sentence says what is wrong.
    """
    if not text.startswith("tcp:"):
        path = text.removeprefix("unix:")
        if not path:
            raise SidecarError("the path of the socket is empty")
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise SidecarError(
                f"the path of a socket has at most {_LONGEST_PATH} bytes, and {path} is longer"
            )
        return UnixAddress(path)
    host, _, port = text.removeprefix("tcp:").rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    host = "127.0.0.1" if host == "localhost" else host
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise SidecarError(f"a port is a number from 0 to 65535, not {port!r}")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise SidecarError(f"the host is an IP address or localhost, not {host!r}") from None
    return TcpAddress(host, int(port))


def open_socket(address: Address) -> socket.socket:
    """A socket of the address's family, not yet bound or connected."""
    if isinstance(address, UnixAddress):
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def where(address: Address) -> str | tuple[str, int]:
    """The address as `socket` takes it."""
    return address.path if isinstance(address, UnixAddress) else (address.host, address.port)


class Listener:
    """A listening socket, and the file that stands for it."""

    def __init__(self, address: Address, *, allow_remote: bool = False) -> None:
        """Opens it; a socket file that nobody listens at is replaced.

        Args:
            address: Where.
            allow_remote: Allow an address that other machines can reach. Nothing on the wire is
                encrypted, and whoever connects first commands the filter.

        Raises:
            SidecarError: If it is taken, not allowed or impossible.
        """
        if isinstance(address, TcpAddress) and not (allow_remote or address.loopback):
            raise SidecarError(
                f"{address.host} can be reached from other machines; give 127.0.0.1, or "
                "allow_remote (--allow-remote) if that is meant"
            )
        if isinstance(address, UnixAddress):
            _clear(address)
        self.socket = open_socket(address)
        self._inode = 0
        try:
            if isinstance(address, TcpAddress):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(where(address))
            if isinstance(address, UnixAddress):
                os.chmod(address.path, 0o600)
                self._inode = os.stat(address.path).st_ino
            self.socket.listen(8)
        except OSError as error:
            self.socket.close()
            because = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
            raise SidecarError(f"cannot listen at {address}: {because}") from error
        self.socket.setblocking(False)
        if isinstance(address, TcpAddress):
            address = TcpAddress(address.host, self.socket.getsockname()[1])
        self.address = address

    def close(self) -> None:
        """Stops listening; removes the socket file if it is still this one's."""
        self.socket.close()
        if isinstance(self.address, UnixAddress):
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self.address.path).st_ino == self._inode:
                    os.unlink(self.address.path)


def _clear(address: UnixAddress) -> None:
    """Removes a socket file that a killed server left behind."""
    try:
        mode = os.stat(address.path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise SidecarError(f"{address.path} exists and is not a socket; give another path")
    with open_socket(address) as knock:
        knock.settimeout(1.0)
        try:
            knock.connect(address.path)
        except ConnectionRefusedError:
            os.unlink(address.path)
            return
        except OSError:
            pass
    raise SidecarError(f"cannot listen at {address}: it is in use")
