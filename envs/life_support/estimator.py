"""What the set knows of itself: an extended Kalman filter on the prediction model.

    z = (x, s_O, s_C, b, w)   the eighteen states, the oxygen and CO2 that slow sensors show, by how
                              much this wearer's heart beats faster, and oxygen that comes unasked

Derivatives of the model and of the readings are exact, from their recordings. The wearer's uptake
is a random walk: what disappears tells how large it is, heart rate at once how it changes. Sensors
lag; the two slow ones that matter have their lag as a state, so that the estimate runs ahead of
what they show. Readings beyond five deviations are left out and named, but for the flow: what a fan
makes of its command is what its sensor shows. Cells that agree with one another, and both gauges,
are left out for a few seconds only, and may lean to one side for not much longer: then it is the
belief that is wrong, for a valve may feed what nobody asked for, and it is widened to what it was
when the set was closed until it meets them. What comes unasked leaves the cylinder, whose gauge
tells it from a wearer who works less or more. Two cells that are at odds with the belief, and with
a third that is not, do not count: they may have failed together. S. Thrun, W. Burgard, D. Fox,
"Probabilistic Robotics", 2005, chapter 3; Joseph's form of the update.

The CO2 sensor corrects the gas's CO2 and nothing else, and it alone does; that of humidity corrects
nothing but the vapour, and no reading the lime's moisture. CO2 that shows up unexpectedly has not
been bound: what is added to the gas is taken off the lime's conversion, which nothing else
corrects. Left to the filter, harder work, used lime and a shallow breath explain whatever the model
has wrong about beds and walls; believing that, a flow is lowered, and more of the breath misses the
lime. What does explain it is followed beside the filter (`hiera.safety.life_support.removal`).
Gains that are not Kalman's cost the filter some of what it could know; Joseph's form keeps its
deviations true. An instrument at the end of its range says nothing to a belief that lies beyond.

A filter cannot average away what does not change: a suit of another volume, a gauge that reads
high. What such things do to each state is added to the deviations that are reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hiera.envs.life_support.sensors import NAMES, SENSORS
from hiera.envs.life_support.voting import Agreement, Vote, Voter
from hiera.safety.contract import FloatArray
from hiera.safety.life_support import LifeSupportModel, Surroundings
from hiera.safety.life_support import state as names
from hiera.safety.life_support.lowest_cell import LowestCell
from hiera.safety.life_support.removal import Factors, Removal
from hiera.safety.life_support.state import HIGH, N
from hiera.safety.tape import Graph, Program, compile_program, gradient

SIZE = N + 4
SLOW, HEART, UNASKED = slice(N, N + 2), N + 2, N + 3
"""Places in z of what slow sensors show [Pa], of the heart's offset [1/min], and of oxygen that
comes beside what is fed, or goes [mol/s]."""
CHANNELS = (
    "oxygen", "dioxide", "gauge", "gas_k", "humidity", "cylinder", "lime_k", "flow", "heart",
    "skin_k",
)  # fmt: skip
"""Readings that are used; ``oxygen`` is the voted one. That of the outside goes into the model."""
TRUSTED = np.array([CHANNELS.index(name) for name in ("oxygen", "gauge", "cylinder")])
"""Channels that show what valve and leaks really do, which no command tells."""
_HEART, _FLOW = CHANNELS.index("heart"), CHANNELS.index("flow")
_QUICK = ("dioxide", "heart")
"""Channels that must be followed at once: of one the offset is a state, and of the other an error
that lasts is among what is `SYSTEMATIC`."""
_ONLY: dict[int, tuple[int, ...]] = {
    CHANNELS.index("dioxide"): (names.DIOXIDE, N + 1),
    CHANNELS.index("humidity"): (names.VAPOUR,),
}
CORRECTS = np.ones((SIZE, len(CHANNELS)))
for _channel, _places in _ONLY.items():
    CORRECTS[:, _channel] = np.isin(np.arange(SIZE), _places)
CORRECTS[[names.DIOXIDE, N + 1]] = np.arange(len(CHANNELS)) == CHANNELS.index("dioxide")
CORRECTS[[names.MOISTURE, names.CONVERSION]] = 0.0
"""Which place of z each channel corrects."""
_OF = {s.name: s for s in SENSORS}
_CELL = _OF["cell_0"]
_LOWEST, _HIGHEST = (
    np.array([getattr(_CELL if c == "oxygen" else _OF[c], end) for c in CHANNELS])
    for end in ("low", "high")
)
LEANING_S = 10.0
"""Time over which it is seen whether readings are off to the same side [s]."""
LAGS_S = (_CELL.lag_s, _OF["dioxide"].lag_s)

PROCESS = np.array([
    1e-4, 6e-4, 5e-5, 3e-4, 0.05, 2e-6, 0.05, 2e-6, 2e-6, 0.05, 1e-5, 1e-4, 1e-5, 4e-6, 2e-4, 0.01,
    1e-4, 2e-3, 10.0, 1.0, 0.05, 1e-6,
])  # fmt: skip
"""Standard deviation that a second adds to each of z; choices, wide enough for the plant."""
START = np.array([
    0.01, 0.001, 0.02, 0.005, 1.0, 0.02, 1.0, 0.005, 0.005, 1.0, 0.1, 3e-4, 3e-4, 2e-4, 0.3, 1.0,
    1e-4, 0.1, 300.0, 60.0, 12.0, 6e-5,
])  # fmt: skip
"""Standard deviation of each of z when the set is closed."""

LEAST, MOST = np.full(SIZE, -np.inf), np.full(SIZE, np.inf)
LEAST[:4], LEAST[[names.UPTAKE, names.OUTPUT, names.BREATHING]] = 1e-5, (1e-4, 1e-4, 1e-4)
LEAST[[names.CONVERSION, names.MOISTURE, names.LOADING, names.SHARE]] = 0.0, 0.01, 0.001, 0.0
MOST[[names.CONVERSION, names.LOADING, names.SHARE]] = 1.0, 0.45, 1.0
LEAST[names.FLOW], LEAST[SLOW] = 1e-4, 0.0
LEAST[HEART], MOST[HEART] = -40.0, 40.0
"""What z cannot leave."""
ASTRAY = START.copy()
ASTRAY[UNASKED] = HIGH[0]
"""Standard deviation that is added where the belief has gone astray."""
SYSTEMATIC = np.array([
    0.04, 5e-4, 0.15, 0.006, 0.4, 0.06, 1.0, 0.035, 0.02, 3.0, 0.3, 8e-5, 1e-4, 1e-4, 0.4, 0.4,
    4e-5, 0.02,
])  # fmt: skip
"""What sets and sensors differ by, as a standard deviation of each state; choices, held against the
spread of plants by a test."""

NO_FACTORS = Factors()


def reading_noise(calibrated: bool = False) -> FloatArray:
    """Standard deviation of each of `CHANNELS`.

    Args:
        calibrated: Noise alone; else what units differ by is added.
    """
    made = []
    for name in CHANNELS:
        sensor = _CELL if name == "oxygen" else _OF[name]
        units = sensor.offset**2 + (sensor.gain * 0.3 * sensor.high) ** 2
        if name in _QUICK:
            units = 0.0
        made.append(np.sqrt(sensor.noise**2 + (0.0 if calibrated else units)))
    return np.array(made)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is believed, and how firmly.

    Attributes:
        x: State, shape ``(18,)``.
        deviation: Standard deviation of each, shape ``(18,)``.
        vote: How the oxygen cells were voted.
        factors: Of ventilation and lime; see `hiera.safety.life_support.removal`.
        behind: By how much less oxygen there may be; see `hiera.safety.life_support.lowest_cell`.
        rejected: Channels whose readings were left out.
        surprise: Squared normalised innovation of the readings that counted.
        counted: How many those were.
        widened: Whether the belief was widened to meet oxygen cells that agree, or a gauge.
    """

    x: FloatArray
    deviation: FloatArray
    vote: Vote
    factors: Factors = NO_FACTORS
    behind: float = 0.0
    rejected: tuple[str, ...] = ()
    surprise: float = 0.0
    counted: int = 0
    widened: bool = False


@dataclass
class Estimator:
    """An extended Kalman filter for one set.

    Attributes:
        model: The prediction model.
        voter: Of the oxygen cells.
        noise: Standard deviation of each of `CHANNELS`.
        process: What a second adds to each of z.
        systematic: What is added to the deviations that are reported, shape ``(18,)``.
        gate: Deviations beyond which a reading is left out.
        patience: Ticks in a row for which cells that agree, or a gauge, may be left out.
        leaning: Deviations by which they may be off to the same side, on average over `LEANING_S`.
        tick_s: Between two readings [s].
    """

    model: LifeSupportModel
    voter: Voter = field(default_factory=Voter)
    noise: FloatArray = field(default_factory=reading_noise)
    process: FloatArray = field(default_factory=PROCESS.copy)
    systematic: FloatArray = field(default_factory=SYSTEMATIC.copy)
    gate: float = 5.0
    patience: int = 5
    leaning: float = 2.0
    tick_s: float = 1.0
    z: FloatArray = field(init=False)
    P: FloatArray = field(init=False)
    _shown: Program = field(init=False, repr=False)
    _slopes: Program = field(init=False, repr=False)

    def __post_init__(self) -> None:
        graph = Graph()
        x = graph.inputs(0, N)
        now = self.model.readings(x)
        oxygen = now.oxygen * (self.model.parameters.outside_pa + now.gauge_pa)
        values = [
            oxygen, now.dioxide_pa, now.gauge_pa, now.gas_k, now.humidity, now.cylinder_pa,
            now.lime_k, now.flow, now.heart, now.skin_k,
        ]  # fmt: skip
        nodes = [graph.node(v) for v in values]
        self._shown = compile_program(nodes, N)
        self._slopes = compile_program([s for v in nodes for s in gradient(v, list(x))], N)
        p = self.model.parameters
        self._bound = 1.0 / (p.lime_capacity_mol_kg * p.lime_kg)
        self._removal, self._lowest = Removal(self.model), LowestCell(p)
        self.reset(self.model.start())

    def reset(self, x: FloatArray, deviation: FloatArray = START) -> None:
        """Begins again from a belief.

        Args:
            x: State, shape ``(18,)``.
            deviation: Of each of z, shape ``(22,)``.
        """
        self.z = np.concatenate((x, self._shown(x)[:2], np.zeros(2)))
        self.P = np.diag(np.asarray(deviation) ** 2)
        self._refused = np.zeros(len(TRUSTED), dtype=np.int64)
        self._leaning = np.zeros(len(TRUSTED))
        self._removal.reset()
        self._lowest.reset()

    def predict(self, u: FloatArray, ambient_k: float) -> None:
        """Moves the belief on by a tick under a held command.

        Args:
            u: Command, shape ``(3,)``.
            ambient_k: Temperature outside [K].
        """
        dt, x = self.tick_s, self.z[:N]
        around = Surroundings(float(x[names.UPTAKE]), ambient_k)
        A, _ = self.model.linearised(x, u, around)
        A = A.copy()
        A[names.UPTAKE] = 0.0
        held = np.eye(N) + dt * A + 0.5 * dt * dt * (A @ A)
        following = self.model.step(x, u, around, dt)
        following[names.OXYGEN] += dt * self.z[UNASKED]
        following[names.CYLINDER] -= dt * self.z[UNASKED]
        lag = np.exp(-dt / np.array(LAGS_S))
        truth = self._shown(following)[:2]
        F = np.zeros((SIZE, SIZE))
        F[:N, :N] = held
        F[names.OXYGEN, UNASKED], F[names.CYLINDER, UNASKED] = dt, -dt
        F[HEART, HEART] = F[UNASKED, UNASKED] = 1.0
        F[SLOW, :N] = (1.0 - lag)[:, None] * (self._slopes(following).reshape(-1, N)[:2] @ held)
        F[N, N], F[N + 1, N + 1] = lag
        slow = lag * self.z[SLOW] + (1.0 - lag) * truth
        self.z = np.concatenate((following, slow, self.z[HEART:]))
        self.P = F @ self.P @ F.T + np.diag(dt * self.process**2)

    def correct(self, readings: FloatArray) -> Estimate:
        """Takes readings into account.

        Args:
            readings: Of all sensors, shape ``(13,)``; NaN where there is none.
        """
        vote = self._voted(readings[:3])
        y = np.array([readings[NAMES.index(c)] if c in NAMES else vote.value for c in CHANNELS])
        R = self.noise**2
        if vote.agreement in (Agreement.ALONE, Agreement.SPLIT):
            R = R.copy()
            R[0] *= 25.0
        H = np.zeros((len(CHANNELS), SIZE))
        H[:, :N] = self._slopes(self.z[:N]).reshape(-1, N)
        H[:2] = 0.0
        H[0, N], H[1, N + 1], H[_HEART, HEART] = 1.0, 1.0, 1.0
        shown = self._shown(self.z[:N])
        shown[:2] = self.z[SLOW]
        shown[_HEART] += self.z[HEART]
        beyond = ((y >= _HIGHEST) & (shown >= _HIGHEST)) | ((y <= _LOWEST) & (shown <= _LOWEST))
        innovation = np.where(beyond, 0.0, y - shown)
        spread = np.sqrt(np.einsum("ij,jk,ik->i", H, self.P, H) + R)
        there = np.isfinite(y) & ~beyond
        fits = there & (np.abs(np.where(there, innovation, 0.0)) <= self.gate * spread)
        fits[_FLOW] = there[_FLOW]
        sure = there[TRUSTED].copy()
        sure[0] &= vote.agreement in (Agreement.ALL, Agreement.PAIR)
        self._refused = np.where(sure & ~fits[TRUSTED], self._refused + 1, 0)
        # Readings that are off to the same side for long are no noise, well before any is refused.
        off = np.clip(innovation[TRUSTED] / spread[TRUSTED], -self.gate, self.gate)
        off = np.where(sure, off, 0.0)
        self._leaning += (self.tick_s / LEANING_S) * (off - self._leaning)
        astray = (self._refused > self.patience) | (np.abs(self._leaning) > self.leaning)
        self._leaning[astray] = 0.0
        widened = bool(astray.any())
        if widened:
            self.P += np.diag(ASTRAY**2)
            fits[TRUSTED] |= astray
        surprise = self._update(H[fits], innovation[fits], R[fits], CORRECTS[:, fits])
        rejected = tuple(c for c, t, f in zip(CHANNELS, there, fits, strict=True) if t and not f)
        deviation = np.sqrt(np.maximum(np.diag(self.P)[:N], 0.0) + self.systematic**2)
        x = self.z[:N].copy()
        self._removal.observe(x, self.tick_s, bool(there[1]))
        return Estimate(
            x,
            deviation,
            vote,
            self._removal.factors(x),
            self._lowest.observe(x, readings[:3], self.tick_s),
            rejected,
            surprise,
            int(fits.sum()),
            widened,
        )

    def _voted(self, cells: FloatArray) -> Vote:
        """The cells' vote; two that left the third behind must not be at odds with the belief."""
        vote = self.voter.vote(cells)
        if vote.agreement is not Agreement.PAIR:
            return vote
        left = [i for i in np.flatnonzero(np.isfinite(cells)) if not vote.used[i]]
        spread = self.gate * float(np.sqrt(self.P[N, N] + self.noise[0] ** 2))
        off = [abs(float(cells[i]) - float(self.z[N])) for i in left]
        if not left or min(off) > spread or abs(vote.value - float(self.z[N])) <= spread:
            return vote
        third = int(left[int(np.argmin(off))])
        used = tuple(i == third for i in range(3))
        return Vote(float(cells[third]), Agreement.ALONE, used)

    def _update(
        self, H: FloatArray, innovation: FloatArray, R: FloatArray, corrects: FloatArray
    ) -> float:
        if not len(innovation):
            return 0.0
        # Scaled to unit noise, so that pascals and litres per second are weighed alike.
        scale = 1.0 / np.sqrt(R)
        H, innovation = scale[:, None] * H, scale * innovation
        S = H @ self.P @ H.T + np.eye(len(innovation))
        gain = np.linalg.solve(S, H @ self.P).T * corrects
        gain[names.CONVERSION] = -self._bound * gain[names.DIOXIDE]
        self.z = np.clip(self.z + gain @ innovation, LEAST, MOST)
        rest = np.eye(SIZE) - gain @ H
        self.P = rest @ self.P @ rest.T + gain @ gain.T
        self.P = 0.5 * (self.P + self.P.T)
        return float(innovation @ np.linalg.solve(S, innovation))
