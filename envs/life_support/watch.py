"""An instrument that shows the very same number again and again is broken, whatever it shows.

Every instrument here has noise; two readings that are equal to the last bit are rare, ten of them
do not happen. An end of the range is no sign: a gas that is saturated keeps showing one. An
embedded instrument with steps wider than its noise needs more patience, or none of this.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hiera.envs.life_support.sensors import COUNT, NAMES, SENSORS
from hiera.safety.contract import FloatArray

_LOW, _HIGH = (np.array([getattr(s, end) for s in SENSORS]) for end in ("low", "high"))


@dataclass
class Watch:
    """Leaves out the readings of frozen instruments.

    Attributes:
        patience: Equal readings in a row that make an instrument count as frozen; 0: never.
    """

    patience: int = 10
    _last: FloatArray = field(init=False, repr=False)
    _same: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets what was shown."""
        self._last, self._same = np.full(COUNT, np.nan), np.ones(COUNT)

    @property
    def frozen(self) -> tuple[str, ...]:
        """Names of the instruments that are left out."""
        return tuple(name for name, out in zip(NAMES, self._out(), strict=True) if out)

    def seen(self, shown: FloatArray) -> FloatArray:
        """Readings with NaN for frozen instruments, shape ``(13,)``.

        Args:
            shown: Readings of all instruments; NaN where there is none.
        """
        moving = (shown != self._last) | (shown <= _LOW) | (shown >= _HIGH)
        self._same = np.where(moving, 1.0, self._same + 1.0)
        self._last = shown.copy()
        return np.where(self._out(), np.nan, shown)

    def _out(self) -> NDArray[np.bool_]:
        return (self._same >= self.patience) & (self.patience > 0)
