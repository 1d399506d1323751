"""A guessed map around the robot, and what it says about ways and viewpoints.

The network guesses for every pixel of its picture how likely unknown ground is to be free. The
local tour then counts a way through unknown ground by what is guessed to be there, and expects of
a viewpoint the ground that it would show if the guess were right. (Planning on predicted maps is
that of MapEx, S. Ho et al., arXiv 2409.15590, and CogniPlan, Y. Wang et al., CoRL 2025; ours is
one forward pass of a network that is there anyway.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hiera.controllers.viewpoint.contract import OutlookLike

_RAYS = 48
_SAMPLES = 9
_ELSEWHERE = 0.5
"""Guess for what lies outside the picture."""


class Imagined(NamedTuple):
    """The belief with its blanks filled in.

    Attributes:
        free: How likely each pixel is to be free, shape ``(s, s)``.
        unknown: Share of each pixel that is unknown, shape ``(s, s)``.
        pixel_m: Side of a pixel [m].
    """

    free: NDArray[np.float64]
    unknown: NDArray[np.float64]
    pixel_m: float


def imagined(outlook: OutlookLike, guess: NDArray[np.float32]) -> Imagined:
    """Fills the blanks of an outlook's picture.

    Args:
        outlook: The outlook, with a picture.
        guess: Guessed share of free ground, shape ``(s, s)``.
    """
    assert outlook.picture is not None
    free, occupied = outlook.picture[:2].astype(np.float64) / 255.0
    unknown = np.clip(1.0 - free - occupied, 0.0, 1.0)
    return Imagined(np.clip(free + unknown * guess, 0.0, 1.0), unknown, outlook.pixel_m)


@njit(cache=True)
def counted_lengths(
    view: Imagined,
    xy: NDArray[np.float64],
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    lengths: NDArray[np.float64],
    unknown: NDArray[np.float64],
    caution: float,
    blocked: float,
    detour: float,
) -> NDArray[np.float64]:
    """Edge lengths by what is guessed to lie on them, shape ``(e,)`` [m].

    Args:
        view: The guess.
        xy: Node positions relative to the robot, shape ``(t, 2)`` [m].
        indptr: Row starts, shape ``(t + 1,)``.
        indices: Neighbours, shape ``(e,)``.
        lengths: Edge lengths, shape ``(e,)`` [m].
        unknown: Share of each edge that is unknown ground, shape ``(e,)``.
        caution: Metres added per metre that is surely no free ground.
        blocked: Less likely to be free than this anywhere, and an edge counts as blocked.
        detour: Factor on the length of what counts as blocked.
    """
    out = lengths.copy()
    # Fields are read once: in the loops that would cost more than the work itself.
    free, pixel_m, side = view.free, view.pixel_m, view.free.shape[0]
    for a in range(indptr.shape[0] - 1):
        for e in range(indptr[a], indptr[a + 1]):
            if unknown[e] <= 0.0:
                continue
            b = indices[e]
            total, least = 0.0, 1.0
            for k in range(_SAMPLES):
                part = k / (_SAMPLES - 1)
                x = (xy[a, 0] * (1.0 - part) + xy[b, 0] * part) / pixel_m + side / 2
                y = (xy[a, 1] * (1.0 - part) + xy[b, 1] * part) / pixel_m + side / 2
                chance = _ELSEWHERE
                if 0 <= x < side and 0 <= y < side:
                    chance = free[np.uintp(y), np.uintp(x)]
                total += chance
                least = min(least, chance)
            out[e] *= 1.0 + caution * (1.0 - total / _SAMPLES)
            if least < blocked:
                out[e] *= detour
    return out


@njit(cache=True)
def expected_m2(view: Imagined, xy: NDArray[np.float64], range_m: float) -> NDArray[np.float64]:
    """Free ground now unknown that each of some nodes would show, shape ``(k,)`` [m^2].

    Rays lose strength by the square root of every half pixel's chance to be free.
    """
    out = np.zeros(xy.shape[0])
    # Fields are read once: in the loops that would cost more than the work itself.
    free, unknown, left = view.free, view.unknown, np.sqrt(view.free)
    side = free.shape[0]
    steps = int(2.0 * range_m / view.pixel_m)
    for ray in range(_RAYS):
        turn = 2.0 * np.pi * ray / _RAYS
        across, along = np.cos(turn), np.sin(turn)
        for k in range(xy.shape[0]):
            x0, y0 = xy[k, 0] / view.pixel_m + side / 2, xy[k, 1] / view.pixel_m + side / 2
            strength = 1.0
            for step in range(1, steps + 1):
                away = 0.5 * step
                x, y = int(np.floor(x0 + across * away)), int(np.floor(y0 + along * away))
                if x < 0 or y < 0 or x >= side or y >= side:
                    break
                out[k] += strength * free[y, x] * unknown[y, x] * away * 0.5
                strength *= left[y, x]
                if strength < 0.05:
                    break
    for k in range(xy.shape[0]):
        out[k] *= 2.0 * np.pi / _RAYS * view.pixel_m**2
    return out
