"""CPU time of a decision of the local tour and of the learned policy, and how large its window is.

    python benchmarks/viewpoint_decision.py
    python benchmarks/viewpoint_decision.py --maps movingai_ood --count 2

Every method explores the first maps of DARE and, where they are given, a folder of other maps,
hop by hop; then it walks about in a known hall with unknown spots everywhere, whose window holds as
many nodes, or as many frontiers, as a window may. A decision is what looking around and choosing
take: CPU time of one thread. The first decisions are thrown away.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from hiera.bench.exploration.hopping import ADAPTIVE, graph_of
from hiera.bench.exploration.places import load, sources
from hiera.controllers.rl.viewpoint.network import ViewpointNetwork
from hiera.controllers.rl.viewpoint.policy import LearnedViewpoint
from hiera.controllers.rl.viewpoint.weights import SHIPPED, load_weights
from hiera.controllers.viewpoint.local_tour import LocalTour
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.lattice import STAY
from hiera.envs.exploration.roadmap import Roadmap
from hiera.envs.exploration.rules import adaptive_hop_rules
from hiera.envs.exploration.viewpoints import ViewpointGraph

_DATA = Path(__file__).parents[1] / ".." / "shared" / "data" / "exploration"
_WINDOW_M, _CELL_M, _WARM = 100.0, 0.4, 12
_HALL_M = 200.0

Decision = tuple[float, int, int, int]
"""Milliseconds; nodes and frontiers in the window, candidates."""


def learned() -> LearnedViewpoint:
    """The policy with the packaged weights."""
    weights, sizes, _ = load_weights(SHIPPED)
    return LearnedViewpoint(ViewpointNetwork(weights, sizes))


METHODS: dict[str, Callable[[], LocalTour]] = {"local_tour": LocalTour, "learned": learned}


def timed(look: Callable[[], Roadmap], policy: LocalTour) -> tuple[int, Decision]:
    """Where a decision leads first, -1 for nowhere, and what it took."""
    begin = time.process_time()
    roadmap = look()
    choice = policy.choose(roadmap, None)
    spent = 1e3 * (time.process_time() - begin)
    outlook = roadmap.outlook
    assert outlook is not None
    useful = (np.diff(outlook.seen_indptr) > 0) & (roadmap.utility[outlook.nodes] > 0)
    to = choice.path[1] if len(choice.path) > 1 else -1
    return to, (spent, len(outlook.indptr) - 1, outlook.frontiers, int(useful.sum()))


def exploring(place: GridMap, adaptive: bool, policy: LocalTour, cap: int) -> Iterator[Decision]:
    """The decisions of an episode on a map."""
    env = HopEnv([place], cap=cap, outlook_m=_WINDOW_M, picture=True, adaptive=adaptive)
    env.reset(seed=0)
    policy.reset(0)
    while env.status is HopStatus.RUNNING:
        if env.way_out is not None:
            env.step(STAY)
            continue
        to, decision = timed(env.roadmap, policy)
        yield decision
        if to < 0:
            return
        env.step(env.slot_of(to))


def walking(apart_m: float, policy: LocalTour, hops: int) -> Iterator[Decision]:
    """Decisions in a known hall with unknown spots so far apart [m], which stay unknown."""
    cells = round(_HALL_M / _CELL_M)
    belief = np.ones((cells, cells), np.uint8)
    for y, x in product(range(5, cells - 5, round(apart_m / _CELL_M)), repeat=2):
        belief[y : y + 3, x : x + 3] = 0
    at = (_HALL_M / 2, _HALL_M / 2)
    graph = ViewpointGraph(
        adaptive_hop_rules(_CELL_M),
        belief.shape,
        resolution_m=_CELL_M,
        origin_m=(0.0, 0.0),
        start_m=at,
        outlook_m=_WINDOW_M,
        picture=True,
    )
    roadmap = graph.update(belief, at, (0, cells, 0, cells))
    policy.reset(0)
    for _ in range(hops):
        to, decision = timed(lambda: graph.look(belief), policy)
        yield decision
        if to < 0:
            return
        x, y = roadmap.xy[to].tolist()
        roadmap = graph.update(belief, (x, y), None)


def tell(method: str, where: str, decisions: list[Decision]) -> None:
    """Prints a line."""
    spent, *sizes = np.array(decisions).T
    told = "  ".join(f"{size.mean():5.0f} {size.max():5.0f}" for size in sizes)
    print(
        f"{method:10s} {where:24s} {len(decisions):6d}  {spent.mean():5.2f}  "
        f"{np.quantile(spent, 0.99):5.2f}  {spent.max():6.2f}   {told}",
        flush=True,
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dare", type=Path, default=_DATA / "dare_test_public.npz")
    parser.add_argument("--maps", type=Path, help="a folder of other maps")
    parser.add_argument("--count", type=int, default=10, help="maps of each")
    parser.add_argument("--cap", type=int, default=4000, help="most decisions on a map")
    parser.add_argument("--hops", type=int, default=100, help="in each hall")
    arguments = parser.parse_args()
    files = [(source, "DARE") for source in sources(arguments.dare, arguments.count)]
    if arguments.maps is not None:
        files += [(source, source.file.stem) for source in sources(arguments.maps, arguments.count)]
    places = [(load(source, _CELL_M), name) for source, name in files]
    adaptive = [graph_of(place) == ADAPTIVE for place, _ in places]
    print(
        "method     windows of               number   mean    p99     max    "
        "nodes  most  frontiers  most  candidates"
    )
    for method, make in METHODS.items():
        policy = make()
        list(exploring(places[0][0], adaptive[0], policy, _WARM))
        list(walking(8.0, policy, _WARM))
        found: dict[str, list[Decision]] = {}
        for (place, name), free in zip(places, adaptive, strict=True):
            found.setdefault(name, []).extend(exploring(place, free, policy, arguments.cap))
        for apart_m in (4.0, 6.0, 10.0):
            found[f"hall, spots {apart_m:g} m apart"] = list(
                walking(apart_m, policy, arguments.hops)
            )
        for name, decisions in found.items():
            tell(method, name, decisions)


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        main()
