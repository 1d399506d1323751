"""What is answered to which message; knows no sockets.

Whatever the filter does, an answer is an action of the right size with finite numbers: if it
raises, or returns anything else, the resting action leaves with `Status.STOP`.
"""

from __future__ import annotations

import time

import numpy as np

from hiera.safety.contract import Context, FloatArray, SafeAction, SafetyFilter
from hiera.safety.sidecar.answers import Hello, encode_error, encode_hello, encode_reply
from hiera.safety.sidecar.counters import Counters, encode_counters
from hiera.safety.sidecar.duties import Duties
from hiera.safety.sidecar.protocol import (
    MAX_MARGINS,
    Fault,
    Kind,
    Message,
    ProtocolError,
    frame,
)
from hiera.safety.sidecar.request import Request, decode_request


class Desk:
    """One filter, its counters and its watchdog."""

    def __init__(self, gate: SafetyFilter, duties: Duties, name: str = "") -> None:
        self._gate = gate
        self._duties = duties
        self._name = name or type(gate).__name__
        self._shape = duties.resting.shape
        self._trouble = ""
        self._x: FloatArray | None = None
        self._deadline = np.inf
        self._tripped = False
        self.counters = Counters()

    def warm_up(self) -> None:
        """Asks the filter once or twice, so that nothing is compiled while somebody waits."""
        x, u = np.zeros(self._duties.state_size), self._duties.resting
        one = np.ones(1)
        near = Context(1.0, u.copy(), np.ones((1, 2)), np.full((1, 2), 2.0), one, one, np.ones(8))
        for wanted, context in ((u, Context(0.0)), (u + 1.0, near)):
            self._asked(Request(x.copy(), wanted.copy(), context))
        self._reset()
        self.counters = Counters()

    def welcome(self) -> bytes:
        """Takes a new client: the filter forgets the last one's episode."""
        self._reset()
        self.counters.connections += 1
        duties, trips = self._duties, self.counters.trips
        hello = Hello(
            duties.state_size, duties.resting, duties.budget_s, self._name, trips, self._tripped
        )
        return encode_hello(hello)

    def turn_away(self) -> bytes:
        """Refuses a second client."""
        self.counters.turned_away += 1
        sentence = "another controller is connected, and only one may command the filter"
        return encode_error(0, ProtocolError(Fault.BUSY, sentence))

    def refuse(self, sequence: int, error: ProtocolError) -> bytes:
        """Says what was wrong with a message."""
        self.counters.refused += 1
        return encode_error(sequence, error)

    def answer(self, message: Message) -> bytes:
        """Answers any message; empty for a farewell."""
        kind, sequence, payload = message
        try:
            if kind == Kind.REQUEST:
                return self._reply(sequence, self._checked(payload))
            if kind not in (Kind.RESET, Kind.STATS, Kind.BYE):
                raise ProtocolError(Fault.KIND, f"a client does not send messages of kind {kind}")
            if len(payload):
                raise ProtocolError(Fault.MALFORMED, f"a {Kind(kind).name} has no payload")
        except ProtocolError as error:
            return self.refuse(sequence, error)
        if kind == Kind.STATS:
            return encode_counters(sequence, self.counters)
        if kind == Kind.BYE:
            self._deadline = np.inf
            return b""
        self._reset()
        return frame(Kind.RESET, sequence)

    @property
    def deadline(self) -> float:
        """When the watchdog acts, on `time.monotonic` [s]; infinite while nobody has asked."""
        return self._deadline

    def watch(self) -> bytes:
        """Acts if the next request is overdue; the message that says so, else nothing."""
        if time.monotonic() < self._deadline:
            return b""
        self._deadline = np.inf
        self._tripped = True
        self.counters.trips += 1
        action, flawless = self._duties.act(self._x)
        self.counters.failures += not flawless
        return encode_reply(self.counters.trips, action, tripped=True, kind=Kind.BACKUP)

    def _checked(self, payload: memoryview) -> Request:
        request = decode_request(payload)
        n, (m,) = self._duties.state_size, self._shape
        if len(request.x) != n:
            raise ProtocolError(Fault.SIZE, f"a state has {n} numbers, not {len(request.x)}")
        if len(request.u_nominal) != m:
            raise ProtocolError(
                Fault.SIZE, f"an action has {m} numbers, not {len(request.u_nominal)}"
            )
        if len(request.context.u_previous) not in (0, m):
            raise ProtocolError(Fault.SIZE, f"u_previous has {m} numbers, or none")
        return request

    def _reply(self, sequence: int, request: Request) -> bytes:
        begin = time.monotonic()
        self._x = request.x.copy()
        action = self._asked(request)
        try:
            reply = encode_reply(sequence, action, tripped=self._tripped)
        except Exception as error:  # noqa: BLE001 - such as a reason that is no text
            action = self._failed(f"the filter's answer cannot be written: {error}")
            reply = encode_reply(sequence, action, tripped=self._tripped)
        self.counters.requests += 1
        self.counters.statuses[action.status] += 1
        now = time.monotonic()
        self._tripped = False
        self._deadline = now + self._duties.budget_s
        self.counters.late += now - begin > self._duties.budget_s
        return reply

    def _asked(self, request: Request) -> SafeAction:
        if self._trouble:
            self._reset()
        if self._trouble:
            return self._failed(self._trouble)
        try:
            action = self._gate.filter(request.x, request.u_nominal, request.context)
            flaw = self._flaw(action)
        except Exception as error:  # noqa: BLE001 - whatever it raises, the machine gets an action
            return self._failed(f"the filter raised {type(error).__name__}: {error}")
        return self._failed(flaw) if flaw else action

    def _flaw(self, action: object) -> str:
        """Why this is no action, or nothing."""
        if not isinstance(action, SafeAction):
            return "the filter returned no SafeAction"
        if np.shape(action.u) != self._shape or not np.all(np.isfinite(action.u)):
            return f"the filter returned {np.asarray(action.u).tolist()}, which is no action"
        if np.ndim(action.margins) != 1 or len(action.margins) > MAX_MARGINS:
            return f"the filter returned margins of shape {np.shape(action.margins)}"
        return ""

    def _failed(self, reason: str) -> SafeAction:
        self.counters.failures += 1
        return self._duties.rest("resting", reason)

    def _reset(self) -> None:
        self._trouble = ""
        try:
            self._gate.reset()
        except Exception as error:  # noqa: BLE001 - a filter in an unknown state is not asked
            self._trouble = f"the filter cannot be reset: {type(error).__name__}: {error}"
