"""The hop protocol, against its definition and against distances measured with DARE's code."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from hiera.envs.exploration.dare import load_dare_maps
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv, HopReward, HopStatus
from hiera.envs.exploration.hop_batch import HopBatch
from hiera.envs.exploration.roadmap import Roadmap


def rooms(seed: int, side: int = 100) -> GridMap:
    """A walled square of 0.4 m cells with random pillars and walls with gaps."""
    rng = np.random.default_rng(seed)
    free = np.zeros((side, side), np.bool_)
    free[1:-1, 1:-1] = True
    for _ in range(6):
        at, gap = (int(v) for v in rng.integers(10, side - 10, 2))
        wall = np.arange(side)
        wall = wall[np.abs(wall - gap) > 4]
        if rng.random() < 0.5:
            free[at, wall] = False
        else:
            free[wall, at] = False
    free[48:53, 48:53] = True
    return GridMap(free, 0.4, (-50.5 * 0.4, -50.5 * 0.4), (0.0, 0.0), name=f"rooms {seed}")


def quadtree_order(xy: np.ndarray, members: list[int], cx: float, cy: float, size: float):
    """Nodes in the order of DARE's quadtree, by which it breaks ties: four to a leaf."""
    if len(members) <= 4:
        return members
    order = []
    for up, right in ((True, False), (True, True), (False, False), (False, True)):
        part = [k for k in members if (xy[k, 1] >= cy) == up and (xy[k, 0] >= cx) == right]
        dx, dy = (size / 4 if right else -size / 4), (size / 4 if up else -size / 4)
        order += quadtree_order(xy, part, cx + dx, cy + dy, size / 2)
    return order


def nearest_hop(roadmap: Roadmap) -> int:
    """First hop towards the useful node at least graph distance; of several the most useful.

    Edge lengths are rounded to a centimetre, as in DARE's planners.
    """
    n = len(roadmap.xy)
    order = quadtree_order(roadmap.xy, list(range(n)), 0.0, 0.0, 1000.0)
    rank = np.empty(n, int)
    rank[order] = np.arange(n)
    lengths = np.round(roadmap.lengths, 2)
    cost, before, todo = np.full(n, np.inf), np.full(n, -1), np.ones(n, bool)
    cost[roadmap.robot] = 0.0
    while True:
        open_nodes = np.flatnonzero(todo & np.isfinite(cost))
        if len(open_nodes) == 0:
            break
        u = open_nodes[np.lexsort((rank[open_nodes], cost[open_nodes]))[0]]
        todo[u] = False
        edges = slice(roadmap.indptr[u], roadmap.indptr[u + 1])
        others = roadmap.indices[edges]
        better = todo[others] & (cost[u] + lengths[edges] < cost[others])
        cost[others[better]] = cost[u] + lengths[edges][better]
        before[others[better]] = u
    useful = [k for k in order if roadmap.utility[k] > 0 and k != roadmap.robot]
    at = min(useful, key=lambda k: (cost[k], -roadmap.utility[k]))
    while before[at] != roadmap.robot:
        at = before[at]
    return int(at)


@pytest.mark.parametrize("index", [0, 1, 3, 49])
def test_nearest_frontier_travels_as_far_as_in_the_measured_release(shared_data, index):
    folder = shared_data / "exploration"
    with (folder / "dare_test_public_measured.csv").open() as file:
        row = next(
            r for r in csv.DictReader(file) if r["method"] == "nearest" and int(r["map"]) == index
        )
    env = HopEnv(load_dare_maps(folder / "dare_test_public.npz", [index]), cap=256)
    env.reset(seed=0)
    while env.status is HopStatus.RUNNING:
        env.step(env.slot_of(nearest_hop(env.roadmap())))
    assert env.status is HopStatus.COMPLETE
    assert env.distance_m == pytest.approx(float(row["distance_m"]), abs=0.001)
    assert env.decisions == int(row["steps"])
    assert len(env.roadmap().xy) == int(row["final_nodes"])
    assert env.explored == pytest.approx(1.0, abs=0.0005)


def test_environment_passes_gymnasiums_own_check():
    check_env(HopEnv([rooms(0)]), skip_render_check=True)


def cells(seed: int) -> GridMap:
    """Rooms of seven cells behind doors one cell wide, anywhere in their walls."""
    rng = np.random.default_rng(seed)
    free = np.zeros((41, 41), np.bool_)
    for y in range(0, 40, 8):
        for x in range(0, 40, 8):
            free[y + 1 : y + 8, x + 1 : x + 8] = True
            door = rng.integers(1, 8, 2)
            if x > 0:
                free[y + door[0], x] = True
            if y > 0:
                free[y, x + door[1]] = True
    return GridMap(free, 0.4, start_m=(1.8, 1.8), name=f"cells {seed}")


def test_adaptive_environment_passes_gymnasiums_own_check():
    check_env(HopEnv([rooms(0)], adaptive=True), skip_render_check=True)


@pytest.mark.parametrize("seed", range(3))
def test_adaptive_hops_see_what_the_lattice_cannot_reach(seed):
    place = cells(seed)
    lattice, adaptive = HopEnv([place], cap=900), HopEnv([place], cap=900, adaptive=True)
    for env in (lattice, adaptive):
        env.reset(seed=0)
        while env.status is HopStatus.RUNNING:
            before, at = env.distance_m, np.array(env.robot_m)
            assert env.action_mask()[12] == (env.way_out is not None)
            stay = env.way_out is not None
            env.step(12 if stay else env.slot_of(nearest_hop(env.roadmap())))
            assert env.distance_m - before >= np.linalg.norm(env.robot_m - at) - 1e-9
    assert lattice.explored < 0.9
    assert lattice.rescues == 0
    assert adaptive.status is HopStatus.COMPLETE
    assert adaptive.decisions >= adaptive.rescues
    assert adaptive.explored > 0.99


@pytest.mark.parametrize("random_start", [False, True])
def test_roadmap_is_symmetric_on_the_lattice_and_agrees_with_masks_and_slots(random_start):
    env = HopEnv([rooms(1)])
    env.reset(seed=3, options={"random_start": random_start})
    rng = np.random.default_rng(0)
    for _ in range(20):
        if env.status is not HopStatus.RUNNING:
            break
        roadmap = env.roadmap()
        assert np.allclose(roadmap.xy / 4.0, np.round(roadmap.xy / 4.0))
        rows = np.repeat(np.arange(len(roadmap.xy)), np.diff(roadmap.indptr))
        edges = set(zip(rows.tolist(), roadmap.indices.tolist(), strict=True))
        assert edges == {(b, a) for a, b in edges}
        assert np.allclose(
            roadmap.lengths,
            np.linalg.norm(roadmap.xy[rows] - roadmap.xy[roadmap.indices], axis=1),
        )
        table = env.neighbours()
        assert edges == {(k, int(o)) for k, row in enumerate(table) for o in row if o >= 0}
        mask = env.action_mask()
        assert np.array_equal(mask, table[roadmap.robot] >= 0)
        assert not mask[12]
        allowed = env.safety_state().context.allowed
        assert np.array_equal(allowed, mask)
        slot = int(rng.choice(np.flatnonzero(mask)))
        target = int(table[roadmap.robot, slot])
        assert env.slot_of(target) == slot
        env.step(slot)
        assert np.allclose(env.robot_m, roadmap.xy[target])


def test_action_that_names_no_neighbour_is_refused_and_costs_a_decision():
    env = HopEnv([rooms(2)], cap=3)
    env.reset(seed=0)
    before = env.belief.copy()
    for _ in range(2):
        _, reward, _, _, info = env.step(12)
        assert info["refused"]
        assert reward == 0.0
    assert env.distance_m == 0.0
    assert np.array_equal(env.belief, before)
    assert env.step(np.array([12]))[3]
    assert env.status is HopStatus.CAP
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)


def test_reward_is_the_weighted_sum_of_way_area_and_finish():
    env = HopEnv([rooms(4)], reward=HopReward(metre=-2.0, square_metre=0.5, finish=7.0), cap=400)
    env.reset(seed=0)
    area, total = env.explored, 0.0
    while env.status is HopStatus.RUNNING:
        total += env.step(env.slot_of(nearest_hop(env.roadmap())))[1]
    gained = (env.explored - area) * env.place.free.sum() * 0.16
    assert env.status is HopStatus.COMPLETE
    assert total == pytest.approx(-2.0 * env.distance_m + 0.5 * gained + 7.0)


def test_utility_that_fell_to_zero_stays_zero():
    env = HopEnv([rooms(5)])
    env.reset(seed=0)
    dead: set[int] = set()
    rng = np.random.default_rng(1)
    for _ in range(40):
        if env.status is not HopStatus.RUNNING:
            break
        roadmap = env.roadmap()
        assert not any(roadmap.utility[k] for k in dead)
        assert 1 not in roadmap.utility
        dead = {int(k) for k in np.flatnonzero(roadmap.utility == 0)}
        env.step(int(rng.choice(np.flatnonzero(env.action_mask()))))


def test_batch_equals_single_environments_to_the_last_bit():
    maps = [rooms(k) for k in range(3)]
    reward = HopReward(-1.0, 0.1, 5.0)
    batch = HopBatch(maps, 3, rng=np.random.default_rng(0), cap=30, reward=reward)
    observed = batch.reset(np.arange(3))
    singles = [HopEnv(maps, cap=30, reward=reward) for _ in maps]
    for k, env in enumerate(singles):
        first, _ = env.reset(seed=0, options={"map": k})
        for key, value in first.items():
            assert np.array_equal(value, observed[key][k])
    rng = np.random.default_rng(2)
    for _ in range(30):
        actions = np.array([rng.choice(np.flatnonzero(m)) for m in batch.mask()])
        was_running = batch.running.copy()
        result = batch.step(actions)
        for k, env in enumerate(singles):
            if not was_running[k]:
                continue
            seen, gain, done, cut, info = env.step(actions[k])
            assert all(np.array_equal(v, result.observation[key][k]) for key, v in seen.items())
            assert (gain, done, cut) == (
                result.reward[k],
                result.terminated[k],
                result.truncated[k],
            )
            assert env.status is batch.status(k)
            assert (info["distance_m"], info["explored"]) == (
                batch.distance_m[k],
                batch.explored[k],
            )
            assert np.array_equal(env.roadmap().indices, batch.roadmap(k).indices)


def test_finished_episodes_rest_until_they_are_reset():
    batch = HopBatch([rooms(1)], 2, rng=np.random.default_rng(0), cap=2, random_start=True)
    batch.reset()
    assert batch.running.all()
    for _ in range(2):
        batch.step(np.array([12, 12]))
    assert not batch.running.any()
    frozen = batch.belief.copy()
    assert batch.step(np.argmax(batch.mask(), axis=1)).refused.all()
    assert np.array_equal(batch.belief, frozen)
    batch.reset_done()
    assert batch.running.all()
    assert not batch.decisions.any()


def test_map_without_a_free_start_is_refused_by_name():
    place = GridMap(np.zeros((20, 20), np.bool_), 0.4, start_m=(1.0, 1.0), name="solid")
    with pytest.raises(ValueError, match="solid"):
        HopEnv([place]).reset()


def test_a_way_out_is_an_action_like_any_other():
    place = cells(0)
    env = HopEnv([place], cap=900, adaptive=True)
    seen, _ = env.reset(seed=0)
    rewards = 0.0
    while env.status is HopStatus.RUNNING:
        assert bool(seen["mask"][12]) == (env.way_out is not None)
        slot = 12 if env.way_out is not None else env.slot_of(nearest_hop(env.roadmap()))
        before, decisions = env.rescues, env.decisions
        seen, reward, *_ = env.step(slot)
        rewards += reward
        assert env.decisions == decisions + 1
        assert env.rescues - before == (slot == 12)
    assert env.rescues > 0
    assert rewards == pytest.approx(-env.distance_m)
