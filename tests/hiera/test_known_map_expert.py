"""The known-map expert finishes, and nobody who explores beats it by more than its slack."""

from __future__ import annotations

import numpy as np
import pytest

from hiera.controllers.viewpoint import NearestFrontier
from hiera.envs.exploration.buildings import generate_building
from hiera.envs.exploration.finishing_sets import bit_row, finishing_sets
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopStatus
from hiera.envs.exploration.sight import ray_ends
from hiera.envs.exploration.true_lattice import true_lattice
from hiera.families.exploration.expert import ExpertPolicy, KnownMapExpert


def corridor() -> GridMap:
    free = np.zeros((30, 260), bool)
    free[10:21, 10:250] = True
    return GridMap(free=free, resolution_m=0.4, start_m=(0.4 * 15.5, 0.4 * 15.5), name="corridor")


def drive(place: GridMap) -> tuple[HopEnv, float]:
    """Follows the expert, hop by hop; the planned length comes back."""
    env = HopEnv([place], cap=400)
    env.reset(seed=0)
    expert = KnownMapExpert(place)
    planned = None
    while env.status is HopStatus.RUNNING:
        roadmap = env.roadmap()
        node = int(expert.nodes(roadmap.xy[[roadmap.robot]])[0])
        _, togo = expert.plan(env.belief, node)
        planned = togo if planned is None else planned
        if togo == 0.0:
            break
        slots = np.flatnonzero(env.action_mask())
        there = [env.neighbours()[roadmap.robot][slot] for slot in slots]
        costs = expert.costs(env.belief, node, expert.nodes(roadmap.xy[there]))
        env.step(int(slots[int(np.argmin(costs))]))
    assert planned is not None
    return env, planned


def test_bits_stand_where_they_should():
    mask = np.zeros(130, bool)
    mask[[0, 63, 64, 129]] = True
    assert bit_row(mask, 3).tolist() == [1 | 1 << 63, 1, 2]


def test_in_a_corridor_it_drives_straight_on():
    env, planned = drive(corridor())
    assert env.status is HopStatus.COMPLETE
    assert env.distance_m == pytest.approx(planned, abs=8.0)
    assert env.distance_m < 95.0


def test_all_that_it_wants_to_see_can_be_seen():
    place = generate_building((60, 60), np.random.default_rng(3), 0.4, "warehouse")
    assert place.start_m is not None
    graph = true_lattice(place.free, 10, place.cell(*place.start_m))
    sets = finishing_sets(place.free, graph, ray_ends(50.0))
    known = np.where(place.free, 1, 2).astype(np.uint8)
    assert not sets.left(known).any()
    everything = np.bitwise_or.reduce(sets.seen, axis=0)
    assert np.array_equal(everything, sets.left(np.zeros_like(known)))


def test_it_drives_less_than_one_who_does_not_know():
    place = generate_building((60, 60), np.random.default_rng(3), 0.4, "warehouse")
    env, planned = drive(place)
    other = HopEnv([place], cap=400)
    other.reset(seed=0)
    policy = NearestFrontier()
    while other.status is HopStatus.RUNNING:
        other.step(other.slot_of(policy.choose(other.roadmap(), None).path[1]))
    assert planned < other.distance_m
    assert env.explored > 0.99


def test_going_to_the_nearest_instead_is_counted(monkeypatch: pytest.MonkeyPatch):
    env = HopEnv([corridor()], cap=400)
    env.reset(seed=0)
    policy = ExpertPolicy(env)
    policy.reset(0)
    assert policy.choose(env.roadmap(), None).found
    assert policy.fallbacks == 0
    monkeypatch.setattr(KnownMapExpert, "plan", lambda *_: (np.zeros(0, np.int32), 0.0))
    nearest = NearestFrontier().choose(env.roadmap(), None)
    assert policy.choose(env.roadmap(), None) == nearest
    assert policy.fallbacks == 1
    monkeypatch.undo()
    policy.reset(0)
    assert policy.fallbacks == 0


def test_a_map_without_a_start_is_refused():
    place = corridor()
    bare = GridMap(free=place.free, resolution_m=0.4, name="bare")
    with pytest.raises(ValueError, match="bare: the hop protocol needs a start"):
        KnownMapExpert(bare)
