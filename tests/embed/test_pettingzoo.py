"""Many agents behind gates: each alone, or all behind one that looks at the pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="pettingzoo is not installed: pip install 'hiera[learn]'")

from pettingzoo.test import parallel_api_test

from hiera.safety import Context, Status
from hiera.safety.embed.pettingzoo import JointSafeParallelWrapper, SafeParallelWrapper
from hiera.safety.embed.ticked import NonFiniteAction
from hiera.safety.filters import PassThrough
from hiera.testing import check_filter
from tests.embed.carts import TICK_S, Carts, GapGate, SpeedGate


def observed(env: Any, agent: str, observation: np.ndarray) -> np.ndarray:
    return observation


def alone(gates: Any = None, **settings: Any) -> SafeParallelWrapper:
    gates = gates or (lambda agent: SpeedGate())
    return SafeParallelWrapper(Carts(), gates, state=observed, tick_s=TICK_S, **settings)


def together(make: Any = GapGate, **settings: Any) -> JointSafeParallelWrapper:
    return JointSafeParallelWrapper(Carts(), make, state=observed, tick_s=TICK_S, **settings)


def drive(env: Any, steps: int = 60, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    answers = []
    while env.agents and len(answers) < steps:
        # On the whole towards the middle, so that the carts meet.
        drift = {"cart_0": 0.5, "cart_1": 0.0, "cart_2": -0.5}
        actions = {
            agent: np.clip(rng.normal(drift[agent], 0.5, 1), -1, 1).astype(np.float32)
            for agent in env.agents
        }
        answers.append((actions, *env.step(actions)))
    return answers


def test_the_gates_of_these_tests_keep_the_contract() -> None:
    contexts = [Context(TICK_S * k) for k in range(3)]
    states = [np.array([0.0, 0.3])] * 3
    actions = [np.array([0.1, 0.2]), np.array([1.0, -1.0]), np.array([5.0, 0.0])]
    for gate in (SpeedGate(), GapGate(("a", "b"))):
        check_filter(gate, states, actions, contexts)


@pytest.mark.parametrize("make", [alone, together])
@pytest.mark.filterwarnings("error")
def test_the_wrapped_environment_passes_pettingzoos_checker(
    make: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    parallel_api_test(make(), num_cycles=100)
    assert "Passed Parallel API test" in capsys.readouterr().out


def test_every_agent_is_gated_by_its_own_gate_until_it_leaves() -> None:
    gates = {f"cart_{i}": SpeedGate(0.1 * (i + 1)) for i in range(3)}
    env = alone(gates)
    for _ in range(2):
        drive(env)
    for i, (agent, life) in enumerate(zip(gates, (60, 20, 40), strict=True)):
        episode = [-1.0, *(TICK_S * np.arange(life))]
        assert gates[agent].times == pytest.approx(2 * episode)
        speeds = [step[agent][0] for step in env.unwrapped.executed if agent in step]
        assert len(speeds) == 2 * life == sum(env.counts[agent].values())
        assert max(map(abs, speeds)) == pytest.approx(0.1 * (i + 1))


def test_infos_report_to_each_agent() -> None:
    env = alone(penalty=2.0)
    for actions, _, rewards, _, _, infos in drive(env, steps=10):
        step = env.unwrapped.executed[len(env.unwrapped.executed) - 1]
        assert infos.keys() == actions.keys()
        for agent, info in infos.items():
            cost = 2.0 * (float(actions[agent][0]) - float(info["executed_action"][0])) ** 2
            assert info["intervention_penalty"] == pytest.approx(cost, abs=1e-6)
            assert info["safety"].intervened == (cost > 0.0)
            np.testing.assert_array_equal(info["proposed_action"], actions[agent])
        assert rewards.keys() == actions.keys()
    np.testing.assert_array_equal(step["cart_0"], infos["cart_0"]["executed_action"])
    assert rewards["cart_0"] == pytest.approx(
        env.unwrapped.x["cart_0"] - infos["cart_0"]["intervention_penalty"]
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_joint_gate_keeps_the_agents_apart_while_they_leave(seed: int) -> None:
    made: list[tuple[str, ...]] = []

    def make(agents: tuple[str, ...]) -> GapGate:
        made.append(agents)
        return GapGate(agents)

    env = together(make)
    drive(env, seed=seed)
    assert env.unwrapped.touches == 0
    assert env.counts[Status.FILTERED] > 0
    assert sum(env.counts.values()) == 60
    assert made == [("cart_0", "cart_1", "cart_2"), ("cart_0", "cart_2"), ("cart_0",)]
    single = alone(lambda agent: SpeedGate(1.0))
    drive(single, seed=seed)
    assert single.unwrapped.touches > 0


def test_a_joint_answer_is_shared_out() -> None:
    env = together()
    env.reset()
    push = {"cart_0": 1.0, "cart_1": -1.0, "cart_2": 0.0}
    seen = []
    for _ in range(3):
        actions = {agent: np.array([v], np.float32) for agent, v in push.items()}
        infos = env.step(actions)[-1]
        seen.append({agent: info["safety"].intervened for agent, info in infos.items()})
    assert seen[0] == dict.fromkeys(push, False)
    assert seen[2] == {"cart_0": True, "cart_1": True, "cart_2": False}
    assert infos["cart_0"]["safety"].active == ("gap",)


@pytest.mark.parametrize("make", [alone, together])
def test_nan_never_reaches_the_environment(make: Any) -> None:
    env = make(penalty=1.0)
    env.reset()
    actions = {agent: np.zeros(1, np.float32) for agent in env.agents}
    actions["cart_1"][:] = np.nan
    _, rewards, _, _, infos = env.step(actions)
    assert all(np.isfinite(u).all() for u in env.unwrapped.executed[0].values())
    assert all(np.isfinite(list(rewards.values())))
    assert infos["cart_1"]["safety"].status is Status.STOP
    careless = make(lambda agents: PassThrough())
    careless.reset()
    with pytest.raises(NonFiniteAction):
        careless.step(actions)
    assert careless.unwrapped.executed == []


def test_mistakes_are_sentences() -> None:
    shared = SpeedGate()
    with pytest.raises(ValueError, match="one gate cannot remember several agents"):
        alone(lambda agent: shared)
    with pytest.raises(ValueError, match="penalty must not be negative"):
        alone(penalty=-1.0)
    env = together()
    env.reset()
    with pytest.raises(ValueError, match=r"\['cart_1', 'cart_2'\] gave none"):
        env.step({"cart_0": np.zeros(1, np.float32)})
