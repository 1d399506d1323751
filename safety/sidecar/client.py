"""A filter that lives in another process, with the face of one that does not."""

from __future__ import annotations

import contextlib
import time

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, Status
from hiera.safety.sidecar.address import Address, parse_address
from hiera.safety.sidecar.answers import Hello, decode_reply
from hiera.safety.sidecar.counters import Counters, decode_counters
from hiera.safety.sidecar.link import Link
from hiera.safety.sidecar.protocol import Fault, Kind, Message, ProtocolError, SidecarError, frame
from hiera.safety.sidecar.request import encode_request

_PATIENCE_S = 1.0
"""For what no action waits for: the first connection, `reset` and `stats` [s]."""


class SidecarClient:
    """Asks a sidecar; satisfies `hiera.safety.SafetyFilter`.

    `filter` returns within the timeout, come what may: without an answer it returns the resting
    action with `Status.STOP`, never the nominal one, and connects anew in the next call.

    Attributes:
        hello: What the sidecar said of itself last; None before the first connection.
        rested: How often the resting action was returned in place of an answer.
        tripped: True if the sidecar's watchdog had acted before its last answer.
    """

    def __init__(
        self, address: Address | str, timeout_s: float = 0.02, *, resting: FloatArray | None = None
    ) -> None:
        """Connects.

        Args:
            address: ``unix:PATH`` or ``tcp:HOST:PORT``.
            timeout_s: Longest that `filter` may take [s].
            resting: Action to return when nothing answers, shape ``(m,)``, instead of the one that
                the sidecar names; with it, the sidecar need not be there yet.

        Raises:
            SidecarError: If nobody answers there and ``resting`` was not given.
            ValueError: If the timeout is not positive, or ``resting`` is not finite.
        """
        if not timeout_s > 0.0:
            raise ValueError(f"timeout_s must be positive, not {timeout_s}")
        self.hello: Hello | None = None
        self.rested = 0
        self.tripped = False
        self._timeout_s = timeout_s
        self._own = resting is not None
        self._resting = np.zeros(0) if resting is None else np.array(resting, dtype=np.float64)
        if not np.all(np.isfinite(self._resting)):
            raise ValueError(f"resting must be finite, not {self._resting.tolist()}")
        self._sequence = 0
        self._link = Link(parse_address(address) if isinstance(address, str) else address)
        try:
            self._connect(self._in(_PATIENCE_S))
        except (OSError, SidecarError) as error:
            if resting is None:
                raise SidecarError(self._sentence(error)) from error

    @property
    def trips(self) -> int:
        """How often the sidecar's watchdog has acted, as far as this client was told."""
        return self._link.trips

    @property
    def discarded(self) -> int:
        """Answers that came too late and were thrown away."""
        return self._link.discarded

    def filter(self, x: FloatArray, u_nominal: FloatArray, context: Context) -> SafeAction:
        """Returns the sidecar's action, or the resting action if there is none in time.

        Args:
            x: State estimate, shape ``(n,)``.
            u_nominal: Action the controller asks for, shape ``(m,)``.
            context: Obstacles, previous action, time stamp.
        """
        begin = time.perf_counter()
        try:
            given = self._ask(x, u_nominal, context, time.monotonic() + self._timeout_s)
        except ProtocolError as error:
            return self._rest(begin, "refused", f"the request was refused: {error}")
        except (OSError, SidecarError) as error:
            return self._rest(begin, "watchdog", self._sentence(error))
        except Exception as error:  # noqa: BLE001 - such as a state that is no array
            return self._rest(begin, "refused", f"the request cannot be sent: {error}")
        return SafeAction(
            given.u,
            given.status,
            given.intervened,
            given.margins,
            given.active,
            given.backup,
            given.reason,
            time.perf_counter() - begin,
        )

    def reset(self) -> None:
        """Makes the filter forget the episode; if nobody answers, the next connection does."""
        try:
            self._exchange(Kind.RESET)
        except (OSError, SidecarError):
            self._link.close()

    def stats(self) -> Counters:
        """The sidecar's counters.

        Raises:
            SidecarError: If it does not answer.
        """
        try:
            return decode_counters(self._exchange(Kind.STATS).payload)
        except OSError as error:
            raise SidecarError(self._sentence(error)) from error

    def close(self) -> None:
        """Leaves on purpose, so that the sidecar's watchdog does not act."""
        with contextlib.suppress(OSError):
            self._link.send(frame(Kind.BYE, self._sequence), self._in(_PATIENCE_S))
        self._link.close()

    def __enter__(self) -> SidecarClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, x: FloatArray, u_nominal: FloatArray, context: Context, deadline: float
    ) -> SafeAction:
        if not self._link.is_open:
            self._connect(deadline)
        assert self.hello is not None
        m = len(self.hello.resting)
        for name, array, size in (("state", x, self.hello.state_size), ("action", u_nominal, m)):
            if np.shape(array) != (size,):
                raise ProtocolError(
                    Fault.SIZE, f"the {name} has shape ({size},), not {np.shape(array)}"
                )
        self._sequence += 1
        question = encode_request(self._sequence, x, u_nominal, context)
        answer = self._link.ask(Kind.REPLY, self._sequence, question, deadline)
        try:
            action, self.tripped = decode_reply(answer.payload)
        except ProtocolError as error:
            raise self._link.broken(str(error)) from error
        if action.u.shape != (m,) or not np.all(np.isfinite(action.u)):
            raise self._link.broken("its reply is no action")
        return action

    def _exchange(self, kind: Kind) -> Message:
        deadline = self._in(_PATIENCE_S)
        if not self._link.is_open:
            self._connect(deadline)
        self._sequence += 1
        return self._link.ask(kind, self._sequence, frame(kind, self._sequence), deadline)

    def _connect(self, deadline: float) -> None:
        hello = self._link.open(deadline)
        shape = hello.resting.shape
        if not np.all(np.isfinite(hello.resting)):
            raise self._link.broken("its resting action is not finite")
        if self._resting.size and self._resting.shape != shape:
            raise self._link.broken(f"its actions have shape {shape}, not {self._resting.shape}")
        self.hello = hello
        if not self._own:
            self._resting = hello.resting

    def _rest(self, begin: float, backup: str, reason: str) -> SafeAction:
        self.rested += 1
        return SafeAction(
            self._resting.copy(),
            Status.STOP,
            True,
            backup=backup,
            reason=reason,
            solve_time_s=time.perf_counter() - begin,
        )

    def _in(self, seconds: float) -> float:
        return time.monotonic() + max(seconds, self._timeout_s)

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer from {self._link.address} within {1e3 * self._timeout_s:g} ms"
        what = str(error)
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            what = "it closed the connection"
        elif isinstance(error, OSError):
            what = error.strerror or what
        return f"the sidecar at {self._link.address} is of no use: {what}"
