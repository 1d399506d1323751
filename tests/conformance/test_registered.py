"""Every registered part keeps the promises of its contract, on what real episodes hand it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hiera import registry
from hiera.config.load import resolve
from hiera.controllers.explorer import Explorer
from hiera.controllers.life_support import Advice
from hiera.controllers.life_support.held_demand import HeldDemand
from hiera.controllers.tracking import PurePursuit
from hiera.controllers.viewpoint import ViewpointPolicy
from hiera.envs.exploration.grid import GridMap
from hiera.envs.exploration.hop import HopEnv
from hiera.envs.exploration.lidar import Lidar
from hiera.envs.exploration.world import ExplorationEnv
from hiera.envs.life_support.world import LifeSupportEnv
from hiera.errors import ConfigError
from hiera.families.exploration.hopping import Hopper
from hiera.planners import Provenance
from hiera.planners.exploration.belief import ExplorationBelief
from hiera.planners.exploration.prompt import ORDER_FIELD
from hiera.planners.exploration.waypoint import Waypoint
from hiera.planners.language import Completion, Diagnosis, Reply, ReplyStatus
from hiera.recording import RunDirectory
from hiera.run import RunOptions, Wiring, execute
from hiera.safety import Context, SafetyFilter
from hiera.safety.dynamics import DiffDrive
from hiera.safety.extras import MissingExtra
from hiera.safety.life_support import LifeSupportModel, Limits
from hiera.safety.life_support.state import HIGH, LOW, N
from hiera.testing import check_controller, check_env, check_filter, check_planner
from tests.conformance.cases import (
    ADVISORS,
    BACKENDS,
    BREATHING,
    BREATHING_CONTROLLERS,
    CONTROLLERS,
    FAMILIES,
    FILTERS,
    HOP,
    KINEMATIC,
    MISSIONS,
    PLANNERS,
    TABLES,
    TRAININGS,
    WORLDS,
    missing_cases,
)
from tests.conformance.episode import Episode

ROBOT = DiffDrive()
MODEL = LifeSupportModel()
GATED = [(name, motion) for name, made_for in FILTERS.items() for motion in made_for]


def settings_of(group: str, name: str, folder: Path | None = None, tag: str = "kind") -> Any:
    """The component's settings from its case."""
    said = {
        key: value.format(folder=folder) if isinstance(value, str) else value
        for key, value in TABLES[group][name].items()
    }
    return registry.component(group, name).settings.model_validate({tag: name} | said)


def gate_of(name: str, motion: str) -> SafetyFilter:
    part = registry.component("filters", name)
    if motion == BREATHING:
        made: SafetyFilter = part.build(
            part.settings.model_validate({"kind": name}), model=MODEL, limits=Limits(), tick_s=1.0
        )
        return made
    gate: SafetyFilter = part.build(
        part.settings.model_validate({"kind": name}),
        robot=ROBOT,
        tick_s=0.1,
        hidden_speed=1.2,
        hidden_radius_m=0.25,
    )
    return gate


def policy_of(name: str) -> ViewpointPolicy:
    policy: ViewpointPolicy = registry.component("controllers", name).build(
        settings_of("controllers", name)
    )
    return policy


def world_of(name: str, folder: Path) -> GridMap:
    grid: GridMap = registry.component("worlds", name).build(
        settings_of("worlds", name, folder), np.random.default_rng(0)
    )
    return grid


def test_every_registered_part_has_a_case() -> None:
    assert not missing_cases(), "\n".join(missing_cases())


def test_a_registration_without_a_case_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(FILTERS, "lidar_cbf")
    monkeypatch.delitem(TABLES, "backends")
    group, part = missing_cases()
    assert "registry group 'backends' has no conformance checks" in group
    assert "filters 'lidar_cbf' is registered without a conformance case: add a line" in part


@pytest.mark.parametrize(
    ("name", "motion"),
    [(name, motion) for name, made_for in FILTERS.items() for motion in made_for],
)
def test_filter_on_a_real_episode(name: str, motion: str, episodes: dict[str, Episode]) -> None:
    seen = episodes[motion]
    assert len(seen.states) >= 20
    check_filter(gate_of(name, motion), seen.states, seen.actions, seen.contexts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("name", "motion"),
    [(name, motion) for name, made_for in FILTERS.items() for motion in made_for],
)
def test_filter_on_anything(name: str, motion: str, seed: int) -> None:
    """Random states, actions far outside the limits, obstacles anywhere, stamps with gaps."""
    rng = np.random.default_rng(seed)
    states, actions, contexts = [], [], []
    now_s = 0.0
    for _ in range(60):
        now_s += float(rng.choice([0.1, 0.1, 0.1, 3.0]))
        if motion == BREATHING:
            spread = 1.0 + 0.2 * rng.standard_normal(N)
            states.append(MODEL.start() * np.clip(spread, 0.5, 1.5))
            actions.append(rng.normal(size=3) * np.array([5e-3, 3e-3, 2.0]))
            contexts.append(Context(now_s))
            continue
        if motion == HOP:
            states.append(rng.uniform(-9, 9, 2))
            actions.append(np.array([float(rng.integers(-3, 30))]))
            contexts.append(Context(now_s, allowed=rng.random(25) < 0.4))
            continue
        q = int(rng.integers(0, 4))
        states.append(rng.normal(size=5) * np.array([5, 5, 3, 0.7, 0.7]))
        actions.append(rng.normal(size=2) * rng.choice([0.3, 2.0, 50.0]))
        contexts.append(
            Context(
                now_s,
                points=states[-1][:2] + rng.normal(size=(int(rng.integers(0, 200)), 2)) * 3.0,
                movers=states[-1][:2] + rng.normal(size=(q, 2)) * 4.0,
                mover_radius=rng.uniform(0.1, 0.4, q),
                mover_speed=rng.uniform(0.0, 1.5, q),
                scan=np.where(rng.random(90) < 0.1, np.inf, rng.uniform(0.4, 12.0, 90)),
            )
        )
    check_filter(gate_of(name, motion), states, actions, contexts)


class Backwards:
    """A model that orders the places by falling number, or says something else instead."""

    name = "backwards"

    def __init__(self, instead: Reply | None = None) -> None:
        self._instead = instead

    def complete(self, request: Completion) -> Reply:
        if self._instead is not None:
            return self._instead
        assert request.schema is not None
        ids = request.schema["properties"][ORDER_FIELD]["items"]["enum"]  # type: ignore[index]
        return Reply(json.dumps({ORDER_FIELD: sorted(ids, reverse=True)}), ReplyStatus.OK, 0.1)

    def check(self) -> Diagnosis:
        return Diagnosis(True, "backwards")


REPLIES = {
    "model": None,
    "prose": Reply("I would rather not.", ReplyStatus.OK, 0.2),
    "dead": Reply("", ReplyStatus.UNAVAILABLE, 0.0, error="nobody is there"),
    "late": Reply("", ReplyStatus.TIMEOUT, 5.0, error="too late"),
}


def makes_sense(belief: ExplorationBelief, waypoint: Waypoint) -> bool:
    """A waypoint is a useful node of the belief, at its position."""
    roadmap = belief.roadmap
    return (
        0 <= waypoint.node < len(roadmap.xy)
        and roadmap.utility[waypoint.node] > 0
        and np.allclose(roadmap.xy[waypoint.node], waypoint.xy)
    )


@pytest.mark.parametrize("motion", [KINEMATIC, HOP])
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("name", PLANNERS)
def test_planner_on_real_beliefs(
    name: str, reply: str, motion: str, episodes: dict[str, Episode]
) -> None:
    planner = registry.component("planners", name).build(
        settings_of("planners", name),
        backend=Backwards(REPLIES[reply]),
        environment="A floor.",
        seed=3,
    )
    beliefs = episodes[motion].beliefs
    assert len(beliefs) >= 2
    plans = [check_planner(planner, belief, is_valid=makes_sense) for belief in beliefs]
    if name == "fare":
        decided = {plan.provenance for plan in plans if plan.subgoals}
        model = {Provenance.LLM, Provenance.LLM_REPAIRED}
        assert decided <= (model if reply == "model" else {Provenance.FALLBACK, Provenance.CACHED})


@pytest.mark.parametrize("name", CONTROLLERS)
def test_policy_of_a_driving_robot(name: str, episodes: dict[str, Episode]) -> None:
    seen = episodes[KINEMATIC]
    explorer = Explorer(policy_of(name), PurePursuit(v_max=1.5, omega_max=1.5, brake=1.0))
    check_controller(explorer, seen.observations, seen.subgoals, (2,))
    check_controller(explorer, seen.observations, [None] * len(seen.observations), (2,))


@pytest.mark.parametrize("name", CONTROLLERS)
def test_policy_of_a_hopping_robot(name: str, folder: Path) -> None:
    """At every place of an episode that the policy itself drives."""
    env = HopEnv([world_of("dare", folder)], cap=12, outlook_m=40.0, picture=True)
    env.reset(seed=1)
    hopper = Hopper(policy_of(name), env)
    hopper.reset(0)
    over = False
    while not over:
        useful = np.flatnonzero(env.roadmap().utility)
        waypoint = Waypoint(0, int(useful[-1]), (0.0, 0.0), 1)
        check_controller(hopper, [None] * 3, [None, waypoint, None], (1,))
        _, _, complete, used_up, info = env.step(hopper.act(None, None))
        assert not info["refused"] or env.roadmap().robot == useful[0]
        over = complete or used_up


@pytest.mark.parametrize("motion", [KINEMATIC, HOP])
@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.filterwarnings("ignore:.*WARN.*")
def test_world(name: str, motion: str, folder: Path) -> None:
    grid = world_of(name, folder)
    if motion == HOP:
        check_env(HopEnv([grid], cap=30))
    else:
        check_env(ExplorationEnv(grid, lidar=Lidar(rays=90, max_range_m=8.0), people=1))


@pytest.mark.parametrize("name", BREATHING_CONTROLLERS)
def test_controller_of_the_breathing_set(name: str, episodes: dict[str, Episode]) -> None:
    controller = registry.component("controllers", name).build(
        settings_of("controllers", name),
        model=MODEL,
        limits=Limits(),
        tick_s=1.0,
        metabolism=HeldDemand,
    )
    seen = episodes[BREATHING]
    check_controller(controller, seen.observations, seen.subgoals, (3,))
    advice = Advice(60.0, np.tile([6e-4, 1.2e-3, 1.0], (4, 1)), "a test")
    check_controller(controller, seen.observations, [advice] * len(seen.observations), (3,))


@pytest.mark.parametrize("name", ADVISORS)
def test_advisor_on_real_beliefs(name: str, episodes: dict[str, Episode]) -> None:
    advisor = registry.component("planners", name).build(
        settings_of("planners", name), model=MODEL, limits=Limits()
    )
    beliefs = episodes[BREATHING].beliefs
    assert len(beliefs) >= 2
    for belief in beliefs:
        plan = check_planner(advisor, belief, is_valid=stays_within)
        assert all(len(advice.commands) == ADVISORS[name]["periods"] for advice in plan.subgoals)


def stays_within(belief: Any, advice: Advice) -> bool:
    """Commands are within the limits of the controls."""
    return bool(((advice.commands >= LOW) & (advice.commands <= HIGH)).all())


@pytest.mark.parametrize("name", MISSIONS)
@pytest.mark.filterwarnings("ignore:.*WARN.*")
def test_mission_of_the_breathing_set(name: str) -> None:
    part = registry.component("worlds", name)
    check_env(LifeSupportEnv(part.build(settings_of("worlds", name), seed=4), max_time_s=60.0))


@pytest.mark.parametrize("name", BACKENDS)
def test_backend_that_nobody_answers_behind(name: str, folder: Path) -> None:
    """It is refused in one sentence before a run starts; nothing is raised, nothing waits."""
    part = registry.component("backends", name)
    settings = settings_of("backends", name, folder, tag="backend")
    if name == "none":
        assert part.build(settings, wiring=Wiring(), seed=0) is None
        return
    with pytest.raises(ConfigError) as refused:
        part.build(settings, wiring=Wiring(), seed=0)
    assert str(refused.value).startswith(f"llm.backend={name}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", FAMILIES)
def test_family_runs_its_smallest_config(name: str, tmp_path: Path) -> None:
    finished = execute(resolve({"family": name} | FAMILIES[name]), RunOptions(out=tmp_path))
    assert finished.metrics["actions"] == finished.metrics["certificates"] > 0
    again = execute(resolve({"family": name} | FAMILIES[name]), RunOptions(out=tmp_path))
    assert again.metrics["digest"] == finished.metrics["digest"]


@pytest.mark.parametrize("name", TRAININGS)
def test_training_says_what_it_is_and_what_it_needs(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    training = registry.lookup("trainings", name)
    assert training.summary
    resolved = resolve({"train": name} | TRAININGS[name], group="trainings")
    assert resolve(resolved.data, group="trainings").digest == resolved.digest
    if training.needs is None:
        return
    module, extra = training.needs
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"hiera\[{extra}\]"):
        training.run(resolved.settings, RunDirectory(tmp_path), None, 1)
