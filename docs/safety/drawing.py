"""Two panels side by side, drawn with Pillow at twice the size and scaled down.

World coordinates are metres, x to the right and y up; everything else is pixels of the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Points = Sequence[Sequence[float]] | np.ndarray
WIDTH, EDGE, GAP, TITLE, READOUT = 640, 4, 8, 28, 44
PANEL = (WIDTH - GAP) // 2 - EDGE
SCALE = 2
PAPER, INK, FAINT, SOLID = "#ffffff", "#1f2937", "#d1d5db", "#475569"
BLUE, ORANGE, RED = "#2563eb", "#d97706", "#dc2626"
COLOURS = {"nominal": "#15803d", "filtered": BLUE, "backup": ORANGE, "contact": RED}


@dataclass(frozen=True)
class Window:
    """The part of the world that a panel shows.

    Attributes:
        low: Lower left corner, shape ``(2,)`` [m].
        high: Upper right corner, shape ``(2,)`` [m].
    """

    low: tuple[float, float]
    high: tuple[float, float]

    @property
    def per_metre(self) -> float:
        """Pixels a metre."""
        return PANEL / (self.high[0] - self.low[0])

    @property
    def height(self) -> int:
        """Of a panel's world part [px]."""
        return round((self.high[1] - self.low[1]) * self.per_metre)


class Panel:
    """One half of a frame.

    Args:
        frame: What is drawn on, at `SCALE` times the size.
        window: What is shown.
        left: Offset of the panel [px].
    """

    def __init__(self, frame: Image.Image, window: Window, left: int) -> None:
        size = (SCALE * PANEL, SCALE * window.height)
        self._world = Image.new("RGB", size, PAPER)
        self._draw = ImageDraw.Draw(self._world)
        self._frame, self._window, self._left = frame, window, left

    def _to_pixels(self, points: Points) -> list[tuple[float, float]]:
        at = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        unit = SCALE * self._window.per_metre
        x, y = (at - self._window.low).T * unit
        return [(float(a), float(self._world.height - b)) for a, b in zip(x, y, strict=True)]

    def disc(self, at: Points, radius: float, fill: str | None, edge: str | None = None) -> None:
        """A disc, its radius in metres."""
        ((x, y),) = self._to_pixels(at)
        r = radius * SCALE * self._window.per_metre
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=fill, outline=edge, width=SCALE)

    def line(self, points: Points, colour: str, width: float = 2.0) -> None:
        """Through points, its width in pixels."""
        if len(points) > 1:
            pixels = self._to_pixels(points)
            self._draw.line(pixels, fill=colour, width=round(SCALE * width), joint="curve")

    def area(self, points: Points, fill: str) -> None:
        """A filled polygon."""
        self._draw.polygon(self._to_pixels(points), fill=fill)

    def burst(self, at: Points) -> None:
        """Where something touched something."""
        ((x, y),) = self._to_pixels(at)
        angles = np.pi * np.arange(20) / 10.0
        reach = SCALE * np.where(np.arange(20) % 2, 6.0, 15.0)
        star = np.column_stack((x + reach * np.cos(angles), y + reach * np.sin(angles)))
        self._draw.polygon([tuple(p) for p in star.tolist()], fill=RED)

    def finish(self, title: str, status: str, margin: str) -> None:
        """Frames the world, and writes above and below it."""
        left, top = SCALE * self._left, SCALE * TITLE
        self._frame.paste(self._world, (left, top))
        draw = ImageDraw.Draw(self._frame)
        right, bottom = left + self._world.width - 1, top + self._world.height - 1
        draw.rectangle((left, top, right, bottom), outline=FAINT, width=SCALE)
        draw.text((left + 4, 4 * SCALE), title, INK, _font(15))
        colour = COLOURS.get(status, INK)
        draw.rounded_rectangle(
            (left + 4, bottom + 9 * SCALE, left + 100 * SCALE, bottom + 33 * SCALE),
            radius=6 * SCALE,
            fill=colour,
        )
        middle = (left + 52 * SCALE, bottom + 21 * SCALE)
        draw.text(middle, status, PAPER, _font(14), anchor="mm")
        draw.text((right, middle[1]), margin, INK, _font(14), anchor="rm")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(SCALE * size)


def blank(window: Window) -> Image.Image:
    """An empty frame."""
    height = TITLE + window.height + READOUT
    return Image.new("RGB", (SCALE * WIDTH, SCALE * height), PAPER)


def save(frames: list[Image.Image], path: Path, frame_ms: int) -> None:
    """Writes frames as a GIF with one palette that loops for ever."""
    small = [f.resize((f.width // SCALE, f.height // SCALE), Image.Resampling.BOX) for f in frames]
    sample = Image.new("RGB", (small[0].width, 3 * small[0].height))
    for i, part in enumerate((0, len(small) // 2, -1)):
        sample.paste(small[part], (0, i * small[0].height))
    palette = sample.quantize(64, dither=Image.Dither.NONE)
    drawn = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in small]
    times = [frame_ms] * (len(drawn) - 1) + [2000]
    drawn[0].save(
        path, save_all=True, append_images=drawn[1:], duration=times, loop=0, optimize=True
    )
