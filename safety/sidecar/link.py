"""The client's end of the wire: frames out, frames in, everything against a deadline."""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import time

from hiera.safety.sidecar.address import Address, open_socket, where
from hiera.safety.sidecar.answers import Hello, decode_error, decode_hello
from hiera.safety.sidecar.protocol import (
    Fault,
    Inbox,
    Kind,
    Message,
    ProtocolError,
    SidecarError,
)

_EAGER_S = 150e-6 if (os.cpu_count() or 1) > 1 else 0.0


class Link:
    """A connection that closes itself as soon as it cannot be understood any more.

    Attributes:
        discarded: Answers to older questions, which were thrown away.
        trips: How often the server's watchdog has acted, as far as it was told here.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.discarded = 0
        self.trips = 0
        self._socket: socket.socket | None = None
        self._inbox = Inbox()
        self._readable = self._writable = select.poll()

    @property
    def is_open(self) -> bool:
        """True if there is a connection, as far as is known."""
        return self._socket is not None

    def open(self, deadline: float) -> Hello:
        """Connects.

        Args:
            deadline: On `time.monotonic` [s].

        Raises:
            OSError: If nobody listens, or says hello in time.
            SidecarError: If the server refuses, or is none.
        """
        made = self._socket = open_socket(self.address)
        self._inbox.clear()
        try:
            made.settimeout(_left(deadline))
            made.connect(where(self.address))
            made.setblocking(False)
            self._readable, self._writable = select.poll(), select.poll()
            self._readable.register(made, select.POLLIN)
            self._writable.register(made, select.POLLOUT)
            message = self._receive(made, deadline)
            if message.kind == Kind.ERROR:
                raise SidecarError(str(decode_error(message.payload)))
            if message.kind != Kind.HELLO:
                raise SidecarError("it did not say hello")
            hello = decode_hello(message.payload)
        except ProtocolError as error:
            raise self.broken(str(error)) from error
        except (OSError, SidecarError):
            self.close()
            raise
        self.trips = hello.trips
        return hello

    def close(self) -> None:
        """Closes the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, kind: Kind, sequence: int, question: bytes, deadline: float) -> Message:
        """Sends a question and waits for an answer of this kind.

        Raises:
            OSError: If there is no answer in time (`TimeoutError`), or no connection any more.
            ProtocolError: If the server refuses.
            SidecarError: If what comes back makes no sense.
        """
        self.send(question, deadline)
        made = self._socket
        assert made is not None
        while True:
            message = self._receive(made, deadline)
            if message.kind == Kind.BACKUP:
                self.trips = message.sequence
            elif message.kind == Kind.ERROR and message.sequence in (0, sequence):
                error = decode_error(message.payload)
                if error.fatal or error.fault is Fault.BUSY:
                    self.close()
                raise error
            elif message.kind == kind and message.sequence == sequence:
                return message
            elif message.sequence < sequence:
                self.discarded += 1
            else:
                raise self.broken("it answers what was not asked")

    def send(self, question: bytes, deadline: float) -> None:
        """Sends without waiting for anything.

        Raises:
            OSError: If it cannot be sent in time.
        """
        if self._socket is None:
            raise ConnectionError("there is no connection")
        left = memoryview(question)
        try:
            while True:
                with contextlib.suppress(BlockingIOError):
                    left = left[self._socket.send(left) :]
                if not left:
                    return
                _wait(self._writable, deadline)
        except OSError:
            # Half a message may have left: nothing that follows would be understood.
            self.close()
            raise

    def broken(self, why: str) -> SidecarError:
        """Closes the connection; the error to raise."""
        self.close()
        return SidecarError(why)

    def _receive(self, made: socket.socket, deadline: float) -> Message:
        while True:
            try:
                message = self._inbox.next()
            except ProtocolError as error:
                raise self.broken(str(error)) from error
            if message is not None:
                return message
            if not _soon(self._readable):
                _wait(self._readable, deadline)
            try:
                arrived = self._inbox.receive(made)
            except BlockingIOError:
                continue
            except OSError:
                self.close()
                raise
            if not arrived:
                raise self.broken("it closed the connection")


def _soon(ready: select.poll) -> bool:
    """Looks for an answer without sleeping, for as long as most answers take.

    To be woken up costs more than a filter does. Where there is one processor only, looking would
    keep it from whoever answers.
    """
    end = time.monotonic() + _EAGER_S
    while time.monotonic() < end:
        if ready.poll(0):
            return True
    return False


def _wait(ready: select.poll, deadline: float) -> None:
    """Waits until a socket is ready, in whole milliseconds: the kernel's poll knows no others."""
    while not ready.poll(math.ceil(1e3 * _left(deadline))):
        pass


def _left(deadline: float) -> float:
    """What is left until then [s]; never 0, which would mean not to wait at all."""
    left = deadline - time.monotonic()
    if left <= 0.0:
        raise TimeoutError
    return left
