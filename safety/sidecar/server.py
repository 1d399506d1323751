"""Serves one filter to one controller, in a single thread that never waits for a client."""

from __future__ import annotations

import contextlib
import math
import select
import socket
import time

from hiera.safety.contract import SafetyFilter
from hiera.safety.sidecar.address import Address, Listener, parse_address
from hiera.safety.sidecar.counters import Counters
from hiera.safety.sidecar.desk import Desk
from hiera.safety.sidecar.duties import Duties
from hiera.safety.sidecar.protocol import Inbox, Kind, Message, ProtocolError

_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
_LONGEST_WAIT_MS = 1000


class SidecarServer:
    """A filter behind a socket.

    Example:
        >>> with SidecarServer(gate, "unix:gate.sock", Duties(5, np.zeros(2))) as server:
        ...     server.run()
    """

    def __init__(
        self,
        gate: SafetyFilter,
        address: Address | str,
        duties: Duties,
        *,
        name: str = "",
        spin: bool = False,
        allow_remote: bool = False,
    ) -> None:
        """Warms the filter up and listens.

        Args:
            gate: The filter; nobody else may call it from now on.
            address: ``unix:PATH`` or ``tcp:HOST:PORT``.
            duties: Sizes, budget, resting action, backup.
            name: What the filter is called; the name of its class if empty.
            spin: Never sleep while waiting: lower latency for a whole core.
            allow_remote: Allow a TCP address that other machines can reach.

        Raises:
            SidecarError: If it cannot listen there.
        """
        address = parse_address(address) if isinstance(address, str) else address
        self._desk = Desk(gate, duties, name)
        self._desk.warm_up()
        self._listener = Listener(address, allow_remote=allow_remote)
        self.address = self._listener.address
        self._spin = spin
        self._stopping = False
        self._client: socket.socket | None = None
        self._inbox = Inbox()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._listener.socket, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)

    @property
    def counters(self) -> Counters:
        """What was counted so far."""
        return self._desk.counters

    def run(self) -> Counters:
        """Serves until `stop` is called."""
        while not self._stopping:
            self._turn()
        return self.counters

    def stop(self) -> None:
        """Ends `run`; may be called from a signal handler or another thread."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    def close(self) -> None:
        """Closes every socket and removes the socket file."""
        self._drop()
        self._listener.close()
        self._woken.close()
        self._wake.close()

    def __enter__(self) -> SidecarServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _turn(self) -> None:
        ready = [descriptor for descriptor, _ in self._poll.poll(self._wait_ms())]
        if self._client is not None and self._client.fileno() in ready:
            self._attend()
        if self._listener.socket.fileno() in ready:
            self._admit()
        tripped = self._desk.watch()
        if tripped:
            self._send(tripped)

    def _wait_ms(self) -> int:
        if self._spin:
            return 0
        left = self._desk.deadline - time.monotonic()
        return min(max(math.ceil(1e3 * left), 0), _LONGEST_WAIT_MS) if left < 1e6 else -1

    def _attend(self) -> None:
        """Answers what the client has sent; of several waiting requests only the newest."""
        assert self._client is not None
        try:
            arrived = self._inbox.receive(self._client)
        except BlockingIOError:
            return
        except OSError:
            arrived = 0
        if not arrived:
            self._drop()
            return
        waiting: Message | None = None
        fault: ProtocolError | None = None
        while fault is None:
            message = None
            try:
                message = self._inbox.next()
            except ProtocolError as error:
                fault = error
            if waiting is not None:
                newer = message is not None and message.kind == Kind.REQUEST == waiting.kind
                if newer:
                    self._desk.counters.superseded += 1
                elif not self._send(self._desk.answer(waiting)):
                    return
            if message is None:
                break
            waiting = message
        if fault is not None:
            self._send(self._desk.refuse(0, fault))
            self._drop()

    def _admit(self) -> None:
        try:
            arrived, _ = self._listener.socket.accept()
        except OSError:
            return
        arrived.setblocking(False)
        if self._client is not None and self._hung_up(self._client):
            self._drop()
        if self._client is not None:
            with contextlib.suppress(OSError):
                arrived.send(self._desk.turn_away())
            arrived.close()
            return
        if arrived.family != socket.AF_UNIX:
            arrived.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = arrived
        self._inbox.clear()
        self._poll.register(arrived, select.POLLIN)
        self._send(self._desk.welcome())

    @staticmethod
    def _hung_up(client: socket.socket) -> bool:
        asked = select.poll()
        asked.register(client, _GONE)
        return bool(asked.poll(0))

    def _send(self, data: bytes) -> bool:
        """False, and the client is dropped, if it does not read what it is sent."""
        if self._client is None or not data:
            return self._client is not None
        try:
            sent = self._client.send(data)
        except OSError:
            sent = 0
        if sent < len(data):
            self._drop()
        return sent == len(data)

    def _drop(self) -> None:
        if self._client is None:
            return
        self._poll.unregister(self._client)
        with contextlib.suppress(OSError):
            # With bytes left unread a close would take back the error that was just sent.
            self._client.shutdown(socket.SHUT_WR)
            while self._client.recv(1 << 16):
                pass
        self._client.close()
        self._client = None
