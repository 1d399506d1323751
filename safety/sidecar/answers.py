"""What the server says: `Kind.HELLO`, `Kind.REPLY`, `Kind.BACKUP` and `Kind.ERROR`.

    HELLO  f64 budget_s; u64 trips; u32 n, m, name, flags; f64 resting (m); name
    REPLY  f64 solve_time_s; u32 status, flags, m, margins, backup, reason, active, 0;
           f64 u (m), margins (margins); backup, reason, active (names joined by line feeds)
    ERROR  u32 fault, text; text

Flags of HELLO: 1 the watchdog acted since the last client asked. Of REPLY: 1 intervened,
2 certified, 4 a backup is named, 8 the watchdog acted since the last reply. Status is the position
in `STATUSES`: 0 nominal, 1 filtered, 2 relaxed, 3 backup, 4 stop, 5 pass_through, 6 recovering.
BACKUP is laid out like REPLY; its sequence number is the number of times that the watchdog acted.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from hiera.safety.contract import FloatArray, SafeAction, Status
from hiera.safety.sidecar.fields import (
    fits,
    read_head,
    read_numbers,
    read_text,
    within,
    write_numbers,
    write_text,
)
from hiera.safety.sidecar.protocol import (
    MAX_MARGINS,
    MAX_NAME,
    MAX_NUMBERS,
    MAX_TEXT,
    Fault,
    Kind,
    ProtocolError,
    frame,
)

STATUSES = (
    Status.NOMINAL,
    Status.FILTERED,
    Status.RELAXED,
    Status.BACKUP,
    Status.STOP,
    Status.PASS_THROUGH,
    Status.RECOVERING,
)
"""By their code on the wire, which never changes within a version."""
_CODE = {status: code for code, status in enumerate(STATUSES)}
HELLO = Struct("<dQ4I")
REPLY = Struct("<d8I")
ERROR = Struct("<2I")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client is told when it is taken.

    Attributes:
        state_size: Numbers in a state, n.
        resting: Action to execute when nothing answers, shape ``(m,)``.
        budget_s: After how long without a request the server's backup acts [s].
        name: Name of the filter.
        trips: How often the backup has acted so far.
        tripped: True if it acted since the last client asked.
    """

    state_size: int
    resting: FloatArray
    budget_s: float
    name: str
    trips: int = 0
    tripped: bool = False


def encode_hello(hello: Hello) -> bytes:
    """The server's first message."""
    name = write_text(hello.name, MAX_NAME)
    resting = write_numbers(hello.resting)
    counts = (hello.state_size, len(resting) // 8, len(name), int(hello.tripped))
    return frame(Kind.HELLO, 0, HELLO.pack(hello.budget_s, hello.trips, *counts), resting, name)


def decode_hello(payload: memoryview) -> Hello:
    """Reads the server's first message.

    Raises:
        ProtocolError: If it contradicts itself.
    """
    budget_s, trips, n, m, name, flags = read_head(HELLO, payload, "hello")
    within("hello", ("n", n, MAX_NUMBERS), ("m", m, MAX_NUMBERS), ("name", name, MAX_NAME))
    fits("hello", payload, HELLO.size + 8 * m + name)
    resting = read_numbers(payload, HELLO.size, m)
    return Hello(
        n, resting, budget_s, read_text(payload[-name:] if name else b""), trips, bool(flags)
    )


def encode_reply(
    sequence: int, action: SafeAction, *, tripped: bool = False, kind: Kind = Kind.REPLY
) -> bytes:
    """An answer; text that is too long is cut.

    Raises:
        ProtocolError: If there are more than `MAX_MARGINS` margins.
    """
    u, margins = write_numbers(action.u), write_numbers(action.margins)
    within("reply", ("margins", len(margins) // 8, MAX_MARGINS))
    flags = bool(action.intervened) | action.certified << 1 | (action.backup is not None) << 2
    texts = (
        write_text(action.backup or "", MAX_NAME),
        write_text(action.reason, MAX_TEXT),
        write_text("\n".join(action.active), MAX_TEXT),
    )
    counts = (len(u) // 8, len(margins) // 8, *map(len, texts), 0)
    head = REPLY.pack(action.solve_time_s, _CODE[action.status], flags | tripped << 3, *counts)
    return frame(kind, sequence, head, u, margins, *texts)


def decode_reply(payload: memoryview) -> tuple[SafeAction, bool]:
    """Reads an answer, and whether the watchdog acted since the one before.

    Raises:
        ProtocolError: If it contradicts itself.
    """
    solve_time_s, status, flags, m, k, b, r, a, _ = read_head(REPLY, payload, "reply")
    within("reply", ("m", m, MAX_NUMBERS), ("margins", k, MAX_MARGINS), ("backup", b, MAX_NAME))
    within("reply", ("reason", r, MAX_TEXT), ("active", a, MAX_TEXT))
    within("reply", ("status", status, len(STATUSES) - 1))
    at = REPLY.size + 8 * (m + k)
    fits("reply", payload, at + b + r + a)
    numbers = read_numbers(payload, REPLY.size, m + k)
    active = read_text(payload[at + b + r :])
    action = SafeAction(
        numbers[:m],
        STATUSES[status],
        bool(flags & 1),
        numbers[m:],
        tuple(active.split("\n")) if active else (),
        read_text(payload[at : at + b]) if flags & 4 else None,
        read_text(payload[at + b : at + b + r]),
        solve_time_s,
    )
    return action, bool(flags & 8)


def encode_error(sequence: int, error: ProtocolError) -> bytes:
    """A refusal."""
    text = write_text(str(error), MAX_TEXT)
    return frame(Kind.ERROR, sequence, ERROR.pack(error.fault, len(text)), text)


def decode_error(payload: memoryview) -> ProtocolError:
    """Reads a refusal; one that cannot be read is a refusal too."""
    try:
        fault, length = read_head(ERROR, payload, "error")
        fits("error", payload, ERROR.size + length)
        return ProtocolError(Fault(fault), read_text(payload[ERROR.size :]))
    except (ProtocolError, ValueError):
        return ProtocolError(Fault.MALFORMED, "it sent an error that cannot be read")
