"""Discrete soft actor-critic: its targets by hand, and small problems whose answer is known."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hiera.controllers.rl.viewpoint.features import ADDED, FIRST, PAIR, TOKEN
from hiera.controllers.rl.viewpoint.network import Sizes
from hiera.training.viewpoint.rollouts import Follows
from hiera.training.viewpoint.settings import ReinforceSettings

torch = pytest.importorskip("torch", reason="the extra learn is not installed")

SIZES = Sizes(width=16, heads=2, layers=1, hidden=16, channels=(4, 4, 4))


def test_the_soft_value_is_the_one_worked_out_by_hand():
    from hiera.training.viewpoint.soft_actor_critic import entropy, soft_value, targets

    policy = torch.log(torch.tensor([[1e-30, 0.25, 0.75], [1e-30, 1.0, 1e-30]]))
    candidates = torch.tensor([[False, True, True], [False, True, False]])
    q = torch.tensor([[9.0, 2.0, -1.0], [9.0, 3.0, 9.0]])
    value = soft_value(policy, candidates, q, torch.tensor(0.5))
    by_hand = 0.25 * (2.0 - 0.5 * math.log(0.25)) + 0.75 * (-1.0 - 0.5 * math.log(0.75))
    assert value.tolist() == pytest.approx([by_hand, 3.0])
    spread = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert entropy(policy, candidates).tolist() == pytest.approx([spread, 0.0], abs=1e-6)
    reward, follows = torch.tensor([1.0, 1.0]), torch.tensor([1, 0], dtype=torch.int8)
    y = targets(reward, follows, value, 0.9)
    assert y.tolist() == pytest.approx([1.0 + 0.9 * by_hand, 1.0])


def shard(rng: np.random.Generator, decisions: int, good: float, chain: bool) -> dict:
    """Decisions of four candidates, one marked, at random; the tour likes another one.

    Alone, a decision is worth ``good`` if it takes the marked one. In a chain of two, the first
    decides what the second, which has one candidate, is paid.
    """
    tokens, pixel, chosen, reward, follows, count = [], [], [], [], [], []
    for _ in range(decisions):
        token = np.zeros((5, TOKEN), np.float32)
        token[0, 0] = 1.0
        marked, liked = rng.permutation(np.arange(1, 5))[:2]
        token[marked, 5] = 1.0
        token[liked, FIRST] = 1.0
        token[1:, ADDED] = 0.05
        token[liked, ADDED] = 0.0
        pick = int(rng.integers(1, 5))
        won = good * float(pick == marked)
        tokens.append(token)
        chosen.append(pick)
        count.append(5)
        reward.append(0.0 if chain else won)
        follows.append(Follows.NEXT if chain else Follows.NOTHING)
        if chain:
            last = np.zeros((2, TOKEN), np.float32)
            last[0, 0], last[1, 6] = 1.0, float(pick == marked)
            tokens.append(last)
            chosen.append(1)
            count.append(2)
            reward.append(won)
            follows.append(Follows.NOTHING)
    pixel = [np.full((n, 2), 32.0, np.float16) for n in count]
    return {
        "count": np.array(count, np.int32),
        "tokens": np.concatenate(tokens).astype(np.float16),
        "pairs": np.zeros((sum(n * n for n in count), PAIR), np.float16),
        "pixel": np.concatenate(pixel),
        "picture": np.zeros((len(count), 3, 64, 64), np.uint8),
        "chosen": np.array(chosen, np.int64),
        "reward": np.array(reward, np.float32),
        "follows": np.array(follows, np.int8),
    }


def learner(folder: Path, seed: int = 3, **sac: float):
    from hiera.training.viewpoint.fit import fresh, untaught
    from hiera.training.viewpoint.soft_actor_critic import SoftActorCritic

    net = fresh(SIZES, seed, None)
    untaught(net)
    asked = {"critics_first": 0, "updates": 60, "critic_rate": 5e-3, "target": 0.1} | sac
    settings = ReinforceSettings.model_validate(
        {"algorithm": "sac", "batch": 64, "rate": 3e-3, "discount": 0.9, "sac": asked}
    )
    return SoftActorCritic(net, settings, seed, torch.device("cpu"), folder)


def chances(net, seen: dict) -> tuple[float, float]:
    """Mean probability of the marked candidate, and the share of decisions that prefer it."""
    from hiera.training.viewpoint.data import Decisions
    from hiera.training.viewpoint.learner import log_policy

    decisions = Decisions([seen])
    batch = decisions.batch(np.flatnonzero(decisions.count == 5))
    with torch.no_grad():
        score, _, _ = net(*batch.inputs)
    policy, _ = log_policy(score, batch.inputs[0], batch.inputs[-1])
    marked = batch.inputs[0][:, :, 5].argmax(1)
    mine = policy.exp().gather(1, marked[:, None])
    return float(mine.mean()), float((policy.argmax(1) == marked).float().mean())


@pytest.mark.parametrize("chain", [False, True])
def test_it_finds_what_pays_though_the_tour_likes_something_else(tmp_path: Path, chain: bool):
    rng = np.random.default_rng(0)
    own = learner(tmp_path)
    unseen = shard(rng, 60, 1.0, chain)
    assert chances(own.net, unseen)[1] == 0.0
    for iteration in range(2):
        found = own.improve([shard(rng, 150, 1.0, chain)], iteration)
    assert chances(own.net, unseen)[1] > 0.95
    assert found["remembered"] == (600.0 if chain else 300.0)
    worse = learner(tmp_path / "worse")
    for iteration in range(2):
        worse.improve([shard(rng, 150, -1.0, chain)], iteration)
    assert chances(worse.net, unseen)[0] < 0.1


def test_the_temperature_holds_the_entropy_where_it_is_wanted(tmp_path: Path):
    rng = np.random.default_rng(1)
    spread = {}
    for share in (0.1, 0.8):
        own = learner(tmp_path / str(share), entropy_share=share, temperature_rate=0.05)
        for iteration in range(3):
            spread[share] = own.improve([shard(rng, 100, 1.0, False)], iteration)["entropy"]
    assert spread[0.1] < 0.5 * math.log(4) < spread[0.8]


def test_the_oldest_is_forgotten_and_what_is_remembered_is_on_disk(tmp_path: Path):
    rng = np.random.default_rng(2)
    own = learner(tmp_path, replay=250, updates=1)
    for iteration in range(4):
        own.improve([shard(rng, 100, 1.0, False)], iteration)
    assert own.replay.held == [2, 3]
    again = learner(tmp_path, replay=250, updates=1)
    torch.save(own.state(), tmp_path / "state.pt")
    again.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert len(again.replay) == 200
    one, other = (who.improve([shard(np.random.default_rng(9), 50, 1.0, False)], 4)
                  for who in (own, again))  # fmt: skip
    assert one == other
    assert {path.name for path in tmp_path.glob("*.npz")} >= {"3.npz", "4.npz"}


def test_a_decision_that_the_cap_cut_off_teaches_nothing(tmp_path: Path):
    rng = np.random.default_rng(4)
    seen = shard(rng, 40, 1.0, False)
    seen["follows"][::2] = Follows.UNKNOWN
    seen["reward"][::2] = np.nan
    found = learner(tmp_path, updates=5).improve([seen], 0)
    assert all(math.isfinite(value) for value in found.values())
