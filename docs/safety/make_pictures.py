"""Draws the guide's pictures: the same controller without a filter and with one.

    python docs/safety/make_pictures.py [--out docs/safety]

Prints for each picture the smallest clearance of both halves and how the actions came about.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import drawing
import numpy as np
import scenes
from drawing import BLUE, EDGE, FAINT, GAP, ORANGE, PANEL, SOLID, Panel, Window
from scenes import Scene

from hiera.safety import Context


@dataclass
class Film:
    """One half of a picture.

    Attributes:
        states: At every tick.
        statuses: At every tick.
        clearance: Smallest so far, at every tick [m].
        counts: Actions by status.
        touched: Index of the contact that ended it, or None.
    """

    states: list[np.ndarray] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    clearance: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    touched: int | None = None


def run(scene: Scene, *, filtered: bool) -> Film:
    """The closed loop; without a filter it ends where something touches something."""
    film, x, least = Film(), scene.start.copy(), np.inf
    scene.gate.reset()
    for k in range(scene.ticks):
        t = k * scenes.TICK_S
        u, status = scene.nominal(x, t), "no filter"
        if filtered:
            safe = scene.gate.filter(x, u, Context(t))
            u, status = safe.u, str(safe.status)
        film.counts[status] += 1
        x = scene.system.step(x, u, scenes.TICK_S)
        values = [float(b.h(x)) for b in scene.contact]
        least = min(least, *values)
        if least < 0.0:
            film.touched, status = int(np.argmin(values)), "contact"
        film.states.append(x.copy())
        film.statuses.append(status)
        film.clearance.append(least)
        if film.touched is not None:
            break
    return film


def draw_robot(panel: Panel, x: np.ndarray, trail: np.ndarray, colour: str, ended: bool) -> None:
    """A disc with a heading, among pillars."""
    panel.line(scenes.ROUTE, FAINT, 1.5)
    for centre in scenes.PILLARS:
        panel.disc(centre, scenes.PILLAR_M, SOLID)
    panel.line(trail[:, :2], colour)
    nose = x[:2] + 0.28 * np.array([np.cos(x[2]), np.sin(x[2])])
    panel.disc(x[:2], scenes.ROBOT_M, colour)
    panel.line([x[:2], nose], "#111827", 3.0)
    if ended:
        nearest = min(scenes.PILLARS, key=lambda c: float(np.linalg.norm(x[:2] - c)))
        way = np.array(nearest) - x[:2]
        panel.burst(x[:2] + scenes.ROBOT_M * way / np.linalg.norm(way))


def draw_quadrotor(
    panel: Panel, x: np.ndarray, trail: np.ndarray, colour: str, ended: bool
) -> None:
    """A bar with two rotors, in a room."""
    west, floor, east, ceiling = scenes.ROOM
    r = scenes.QUADROTOR_M
    panel.area([(-9, -9), (9, -9), (9, 9), (-9, 9)], SOLID)
    inside = [(west - r, floor - r), (east + r, floor - r)]
    panel.area([*inside, (east + r, ceiling + r), (west - r, ceiling + r)], "#ffffff")
    panel.line(trail[:, :2], "#93c5fd" if colour == BLUE else "#fbbf24")
    along = np.array([np.cos(x[2]), np.sin(x[2])])
    up = np.array([-along[1], along[0]])
    panel.disc(x[:2], r, None, FAINT)
    panel.line([x[:2] - 0.21 * along, x[:2] + 0.21 * along], colour, 5.0)
    for side in (-0.19, 0.19):
        hub = x[:2] + side * along + 0.07 * up
        panel.line([x[:2] + side * along, hub], "#111827", 2.0)
        panel.line([hub - 0.11 * along, hub + 0.11 * along], "#111827", 2.0)
    if ended:
        edge = np.clip(x[:2] * 9.0, [west - r, floor - r], [east + r, ceiling + r])
        sides = np.array([west - x[0], x[0] - east, floor - x[1], x[1] - ceiling])
        axis = 0 if int(np.argmax(sides)) < 2 else 1
        spot = x[:2].copy()
        spot[axis] = edge[axis]
        panel.burst(spot)


AGENT_COLOURS = ("#2563eb", "#d97706", "#15803d", "#9333ea", "#0891b2", "#be185d")


def draw_swap(panel: Panel, x: np.ndarray, trail: np.ndarray, colour: str, ended: bool) -> None:
    """Discs, each with its way and its goal."""
    goals = -scenes.swap_ring()
    at = x.reshape(-1, 2)
    for goal, tint in zip(goals, AGENT_COLOURS, strict=True):
        panel.disc(goal, scenes.AGENT_M, None, tint)
    for i, tint in enumerate(AGENT_COLOURS):
        panel.line(trail[:, 2 * i : 2 * i + 2], tint, 1.5)
    for i, tint in enumerate(AGENT_COLOURS):
        panel.disc(at[i], scenes.AGENT_M, tint)
    if ended:
        apart = np.linalg.norm(at[:, None] - at[None], axis=2)
        for i, j in np.argwhere(apart < 2.0 * scenes.AGENT_M):
            if i < j:
                panel.burst(0.5 * (at[i] + at[j]))


Draw = Callable[[Panel, np.ndarray, np.ndarray, str, bool], None]
PICTURES: dict[str, tuple[Callable[[], Scene], Draw, Window]] = {
    "robot": (scenes.robot, draw_robot, Window((-1.5, -2.2), (4.0, 2.2))),
    "quadrotor": (scenes.quadrotor, draw_quadrotor, Window((-2.75, -0.55), (2.75, 3.35))),
    "swap": (scenes.swap, draw_swap, Window((-2.0, -2.0), (2.0, 2.0))),
}


def picture(name: str, folder: Path) -> None:
    """Runs a scene twice and writes its picture."""
    make, draw, window = PICTURES[name]
    scene = make()
    films = {
        "without a filter": run(scene, filtered=False),
        "with the filter": run(scene, filtered=True),
    }
    frames = []
    for k in range(0, scene.ticks, scene.every):
        frame = drawing.blank(window)
        for half, (title, film) in enumerate(films.items()):
            at = min(k, len(film.states) - 1)
            panel = Panel(frame, window, EDGE + half * (PANEL + GAP))
            ended = film.touched is not None and at == len(film.states) - 1
            trail = np.array(film.states[: at + 1 : scene.every])
            draw(panel, film.states[at], trail, BLUE if half else ORANGE, ended)
            said = f"smallest clearance {film.clearance[at]:.2f} m"
            if ended:
                said = f"after {len(film.states) * scenes.TICK_S:.2f} s"
            panel.finish(title, film.statuses[at], said)
        frames.append(frame)
    path = folder / f"{name}.gif"
    drawing.save(frames, path, round(1000 * scenes.TICK_S * scene.every))
    for title, film in films.items():
        said = ", ".join(f"{count} {status}" for status, count in film.counts.most_common())
        end = f"contact after {len(film.states) * scenes.TICK_S:.2f} s"
        least = end if film.touched is not None else f"clearance {film.clearance[-1]:.4f} m"
        sys.stdout.write(f"{name}, {title}: {least}; {said}\n")
    sys.stdout.write(f"{path}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        picture(name, folder)
