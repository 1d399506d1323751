"""What a sidecar counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct

from hiera.safety.contract import Status
from hiera.safety.sidecar.answers import STATUSES
from hiera.safety.sidecar.protocol import Fault, Kind, ProtocolError, frame

_LAYOUT = Struct(f"<{8 + len(STATUSES)}Q")


@dataclass(slots=True)
class Counters:
    """Counts since the server started; on the wire u64 each, in this order.

    Attributes:
        requests: Questions the filter was asked.
        superseded: Questions that a newer one overtook before the filter saw them.
        late: Answers that took longer than the budget.
        failures: Answers the filter failed to give: it raised, or what it gave is no action.
        trips: Times the watchdog acted.
        refused: Messages that were refused.
        connections: Clients that were taken.
        turned_away: Clients that were not, because another one was connected.
        statuses: Answers by status, in the order of `answers.STATUSES`.
    """

    requests: int = 0
    superseded: int = 0
    late: int = 0
    failures: int = 0
    trips: int = 0
    refused: int = 0
    connections: int = 0
    turned_away: int = 0
    statuses: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))

    def plain(self) -> dict[str, int]:
        """All of them by name, for printing."""
        names = [name for name in self.__slots__ if name != "statuses"]
        return {name: getattr(self, name) for name in names} | {
            status.value: count for status, count in self.statuses.items()
        }


def encode_counters(sequence: int, counters: Counters) -> bytes:
    """The answer to `Kind.STATS`."""
    return frame(Kind.STATS, sequence, _LAYOUT.pack(*counters.plain().values()))


def decode_counters(payload: memoryview) -> Counters:
    """Reads it.

    Raises:
        ProtocolError: If it has another length.
    """
    if len(payload) != _LAYOUT.size:
        raise ProtocolError(Fault.MALFORMED, f"counters have {_LAYOUT.size} bytes of payload")
    values = _LAYOUT.unpack(payload)
    made = Counters(statuses=dict(zip(STATUSES, values[-len(STATUSES) :], strict=True)))
    for name, value in zip(made.plain(), values[: -len(STATUSES)], strict=False):
        setattr(made, name, value)
    return made
