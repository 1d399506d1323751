"""``run.gif``: the map becoming known and the robot's way through it, drawn with Pillow alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hiera import registry
from hiera.errors import RecordError
from hiera.record import Record
from hiera.recording import RunDirectory
from hiera.report.scene import PlanMark, Scene

_WIDTH: Final = 880
_FRAMES: Final = 110
_FRAME_MS: Final = 90
_HOLD_MS: Final = 2500
_FOOT: Final = 54
_UNKNOWN, _FREE, _WALL, _FRESH, _WAY, _OLD_WAY, _PLAN, _ROBOT, _PANEL, _TEXT, _SOFT, _BAR = range(
    12
)
_PALETTE: Final = (
    (29, 39, 51),
    (238, 241, 238),
    (85, 97, 111),
    (184, 226, 211),
    (15, 140, 170),
    (120, 190, 205),
    (193, 53, 132),
    (215, 38, 61),
    (20, 27, 36),
    (245, 245, 240),
    (150, 162, 174),
    (15, 159, 191),
)


def write_gif(record: Record) -> Path:
    """Writes ``run.gif`` into the run directory.

    Raises:
        RecordError: If the family has no scene or nothing was recorded yet.
    """
    scene: Scene | None = registry.lookup("families", str(record.config["family"])).scene(record)
    if scene is None or len(scene.time_s) == 0:
        raise RecordError(f"{record.path} holds no trajectory to draw yet")
    frames = [_frame(scene, t) for t in np.linspace(0.0, scene.end_s, _FRAMES)]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[_FRAME_MS] * (len(frames) - 1) + [_HOLD_MS],
        loop=0,
        optimize=False,
        disposal=1,
    )
    return RunDirectory(record.path).write("run.gif", buffer.getvalue())


def _frame(scene: Scene, now_s: float) -> Image.Image:
    scale = min(_WIDTH / scene.kind.shape[1], 4.0)
    picture = Image.fromarray(_classes(scene, now_s)[::-1], mode="P")
    size = (round(picture.width * scale), round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.NEAREST)
    canvas = Image.new("P", (size[0], size[1] + _FOOT), _PANEL)
    canvas.putpalette([channel for colour in _PALETTE for channel in colour])
    canvas.paste(picture, (0, 0))
    draw = ImageDraw.Draw(canvas)
    k = max(int(np.searchsorted(scene.time_s, now_s, side="right")) - 1, 0)
    way = scene.pixels(scene.pose[: k + 1, :2]) * scale
    recent = max(int(np.searchsorted(scene.time_s, now_s - 0.06 * scene.end_s)), 0)
    _line(draw, way[: recent + 1], _OLD_WAY, 2)
    _line(draw, way[recent:], _WAY, 3)
    plan = _plan_at(scene, now_s)
    if plan is not None and len(plan.xy) and now_s < scene.end_s:
        _draw_plan(draw, scene.pixels(plan.xy) * scale, way[-1])
    _draw_robot(
        draw,
        way[-1],
        -float(scene.pose[k, 2]),
        max(scene.radius_m, 0.8) * scale / scene.resolution_m,
    )
    _draw_foot(draw, canvas, scene, k, plan)
    return canvas


def _classes(scene: Scene, now_s: float) -> NDArray[np.uint8]:
    known = scene.first_seen_s <= now_s
    image = np.full(scene.kind.shape, _UNKNOWN, dtype=np.uint8)
    image[known & (scene.kind == 1)] = _FREE
    fresh = known & (scene.first_seen_s > now_s - 0.02 * scene.end_s) & (scene.kind == 1)
    if now_s < scene.end_s:
        image[fresh] = _FRESH
    image[known & (scene.kind == 2)] = _WALL
    return image


def _plan_at(scene: Scene, now_s: float) -> PlanMark | None:
    return next((plan for plan in reversed(scene.plans) if plan.time_s <= now_s), None)


def _line(draw: ImageDraw.ImageDraw, points: NDArray[np.float64], colour: int, width: int) -> None:
    if len(points) > 1:
        draw.line(
            [(float(x), float(y)) for x, y in points], fill=colour, width=width, joint="curve"
        )


def _draw_plan(
    draw: ImageDraw.ImageDraw, stops: NDArray[np.float64], here: NDArray[np.float64]
) -> None:
    previous = here
    for stop in stops:
        _dashes(draw, previous, stop)
        previous = stop
    font = ImageFont.load_default(size=11)
    for number, (x, y) in enumerate(stops, start=1):
        draw.ellipse((x - 7, y - 7, x + 7, y + 7), fill=_PLAN)
        draw.text((x, y), str(number), fill=_TEXT, font=font, anchor="mm")


def _dashes(
    draw: ImageDraw.ImageDraw, start: NDArray[np.float64], end: NDArray[np.float64]
) -> None:
    length = float(np.hypot(*(end - start)))
    direction = (end - start) / max(length, 1e-9)
    for at in np.arange(0.0, length, 9.0):
        a, b = start + direction * at, start + direction * min(at + 5.0, length)
        draw.line((float(a[0]), float(a[1]), float(b[0]), float(b[1])), fill=_PLAN, width=1)


def _draw_robot(
    draw: ImageDraw.ImageDraw, at: NDArray[np.float64], heading: float, radius: float
) -> None:
    x, y = float(at[0]), float(at[1])
    for size, colour in ((radius + 2.0, _TEXT), (radius, _ROBOT)):
        draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    nose = radius * 2.2
    draw.line((x, y, x + nose * np.cos(heading), y + nose * np.sin(heading)), fill=_ROBOT, width=2)


def _draw_foot(
    draw: ImageDraw.ImageDraw, canvas: Image.Image, scene: Scene, k: int, plan: PlanMark | None
) -> None:
    top = canvas.height - _FOOT
    explored = float(scene.explored[k])
    draw.rectangle((0, top, canvas.width * explored, top + 4), fill=_BAR)
    large, small = ImageFont.load_default(size=17), ImageFont.load_default(size=13)
    minutes, seconds = divmod(int(scene.time_s[k]), 60)
    said = f"{explored:6.1%} explored    {scene.distance_m[k]:,.0f} m    {minutes}:{seconds:02d}"
    draw.text((14, top + 18), said, fill=_TEXT, font=large, anchor="lm")
    if plan is not None and plan.strategy:
        text = f"{plan.provenance.replace('_', ' ')}: {plan.strategy}"
        most = int(canvas.width / 6.6)
        draw.text((14, top + 40), text[:most], fill=_SOFT, font=small, anchor="lm")
