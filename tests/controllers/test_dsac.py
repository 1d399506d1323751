"""DSAC-T: its targets, its loss, and that it keeps Stable-Baselines3's conventions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="DSAC-T needs the extra 'learn'")

import torch

from hiera.controllers.rl.dsac import DSACT
from hiera.controllers.rl.dsac.losses import Target, backup, critic_loss


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def small(**given) -> DSACT:
    settings = {
        "learning_starts": 100, "batch_size": 32, "buffer_size": 500, "seed": 0, "device": "cpu",
        "policy_kwargs": {"net_arch": [16, 16]},
    }  # fmt: skip
    return DSACT("MlpPolicy", "Pendulum-v1", **(settings | given))


def flat(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


class TestTargets:
    def test_the_critic_with_the_lower_mean_speaks_for_both(self):
        mean = torch.tensor([[1.0, 5.0], [2.0, 4.0]])
        spread = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
        one = torch.ones(2)
        found = backup(mean, spread, 0.5 * one, one, 0.9 * one, torch.ones(2, 2))
        torch.testing.assert_close(found.mean, 1.0 + 0.9 * torch.tensor([0.5, 3.5]))
        torch.testing.assert_close(found.sample, 1.0 + 0.9 * torch.tensor([0.6, 3.9]))

    def test_draws_are_clipped_at_three_deviations(self):
        one, draw = torch.ones(1), torch.full((2, 1), 40.0)
        found = backup(torch.zeros(2, 1), torch.ones(2, 1), 0.0 * one, 0.0 * one, one, draw)
        assert float(found.sample) == pytest.approx(3.0)

    def test_the_next_action_is_the_target_actors(self):
        model = small()
        zeros = torch.zeros(64, 1)
        batch = SimpleNamespace(
            next_observations=torch.randn(64, 3), dones=zeros, rewards=zeros, discounts=None
        )

        def mean() -> torch.Tensor:
            torch.manual_seed(1)
            return model.targets(batch).mean

        before = mean()
        with torch.no_grad():
            for p in model.policy.actor.parameters():
                p.add_(1.0)
        torch.testing.assert_close(mean(), before)
        with torch.no_grad():
            for p in model.policy.actor_target.parameters():
                p.add_(1.0)
        assert not torch.allclose(mean(), before)

    def test_nothing_follows_an_end(self):
        model = small()
        ones = torch.ones(8, 1)
        batch = SimpleNamespace(next_observations=torch.randn(8, 3), dones=ones, rewards=2.0 * ones)
        torch.testing.assert_close(model.targets(batch).mean, 2.0 * ones[:, 0])


class TestLoss:
    @pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
    def test_a_critic_recovers_mean_and_spread_at_any_scale_of_rewards(self, scale: float):
        torch.manual_seed(0)
        mean = torch.zeros(2, 1, requires_grad=True)
        raw = torch.full((2, 1), float(np.log(np.expm1(scale))), requires_grad=True)
        optimiser = torch.optim.Adam([mean, raw], 0.02 * scale)
        running = torch.full((2, 1), scale)
        seen = []
        for step in range(3000):
            spread = torch.nn.functional.softplus(raw)
            running += 0.005 * (spread.detach() - running)
            noise = 2.0 * scale * torch.randn(256).clamp(-3.0, 3.0)
            target = Target(torch.full((256,), 5.0 * scale), 5.0 * scale + noise)
            loss = critic_loss(mean.expand(2, 256), spread.expand(2, 256), target, running)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step >= 2500:
                seen.append(spread.detach().mean())
        assert float(mean.detach().mean()) / scale == pytest.approx(5.0, abs=0.05)
        assert float(torch.stack(seen).mean()) / scale == pytest.approx(2.0, abs=0.06)

    def test_the_first_step_of_the_actor_is_the_same_at_any_scale_of_rewards(self):
        moved = {}
        for scale in (0.1, 1.0, 10.0):
            model = small(learning_starts=200)
            model.learn(200)
            model.replay_buffer.rewards *= scale
            before = flat(model.policy.actor)
            torch.manual_seed(0)
            np.random.seed(0)  # noqa: NPY002 - what Stable-Baselines3's buffer draws from
            model.train(2, 32)
            moved[scale] = flat(model.policy.actor) - before
        assert float(moved[1.0].norm()) > 0.0
        for scale in (0.1, 10.0):
            assert float(moved[scale].norm() / moved[1.0].norm()) == pytest.approx(1.0, abs=0.05)
            alike = torch.nn.functional.cosine_similarity(moved[scale], moved[1.0], dim=0)
            assert float(alike) > 0.95


class TestAlgorithm:
    @pytest.mark.parametrize("gradient_steps", [1, 3])
    def test_the_actor_moves_every_second_critic_step(self, gradient_steps: int):
        model = small(gradient_steps=gradient_steps)
        model.learn(112)
        made = 12 * gradient_steps
        assert model._n_updates == made
        state = model.policy.actor.optimizer.state.values()
        assert {int(s["step"]) for s in state} == {made // 2}
        assert {int(s["step"]) for s in model.policy.critic.optimizer.state.values()} == {made}

    def test_targets_follow_slowly(self):
        model = small()
        model.learn(120)
        p = model.policy
        for live, target in ((p.actor, p.actor_target), (p.critic, p.critic_target)):
            assert not torch.allclose(flat(live), flat(target))

    def test_what_is_saved_acts_and_learns_on_the_same(self, tmp_path: Path):
        model = small()
        model.learn(120)
        model.save(tmp_path / "kept.zip")
        again = DSACT.load(tmp_path / "kept.zip", env=model.get_env())
        seen = np.array([[0.5, -0.5, 0.1], [1.0, 0.0, -2.0]], np.float32)
        np.testing.assert_array_equal(
            model.predict(seen, deterministic=True)[0], again.predict(seen, deterministic=True)[0]
        )
        assert torch.equal(model.log_temperature, again.log_temperature)
        assert torch.equal(model.spread_scale, again.spread_scale)
        again.replay_buffer = model.replay_buffer
        again.set_logger(model.logger)
        for one in (model, again):
            torch.manual_seed(3)
            np.random.seed(3)  # noqa: NPY002
            one.train(2, 32)
        torch.testing.assert_close(flat(model.policy), flat(again.policy))

    def test_the_temperature_begins_where_it_is_told(self):
        assert float(small(temperature=0.02).log_temperature.exp()) == pytest.approx(0.02)
        with pytest.raises(ValueError, match="temperature must be positive, not 0"):
            small(temperature=0.0)

    def test_a_delay_of_none_is_refused(self):
        with pytest.raises(ValueError, match="policy_delay must be at least 1, not 0"):
            small(policy_delay=0)
