"""The algorithm in training, and how it is put down and taken up again.

Training goes in stretches. What is random in a stretch follows from the training's seed and the
stretch's number, and everything that a stretch needs is kept before it begins: networks, replay
buffer, the sets in the middle of their missions. So a training that is killed repeats at most a
stretch, and ends as it would have.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import set_random_seed
from torch import nn

from hiera.controllers.rl.advisor.aims import AIMS
from hiera.controllers.rl.dsac import DSACT
from hiera.controllers.weights import Arrays
from hiera.training.life_support_advisor.settings import AdvisorTrainingSettings
from hiera.training.life_support_advisor.vector import SetsVecEnv
from hiera.training.life_support_advisor.world import Sets

_BEGINNING = (-0.25, 0.0, 0.5, 0.33)
"""Action of the untrained policy: 80 Pa, 1.15 of the best flow, three quarters through the gel,
20.6 % of oxygen."""
_ALGORITHMS = {"sac": SAC, "dsac_t": DSACT}


class _Stretch(BaseCallback):
    """Shows progress, and ends a stretch when the person wants to stop."""

    def __init__(self, shown: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
        super().__init__()
        self._shown, self._should_stop = shown, should_stop
        self.stopped = False

    def _on_step(self) -> bool:
        self._shown(self.num_timesteps)
        self.stopped = self._should_stop()
        return not self.stopped


class Learner:
    """An algorithm on its sets."""

    def __init__(self, settings: AdvisorTrainingSettings, folder: Path) -> None:
        """Begins, or takes up what is in a folder.

        Args:
            settings: Of the training.
            folder: Where it is put down; made if it is not there.
        """
        torch.set_num_threads(settings.threads)
        self.settings, self._folder = settings, folder
        folder.mkdir(exist_ok=True)
        world = settings.world
        sets = Sets(
            world.sets,
            period_s=world.period_s,
            max_time_s=world.max_time_s,
            spread=world.spread,
        )
        self.env = SetsVecEnv(
            sets, settings.reward, settings.discount, world.missions, settings.seed
        )
        self.stretch = 0
        self.kept: dict[str, Any] = {"stretch": 0, "scores": {}}
        path = folder / "state.json"
        if path.is_file():
            self.kept = json.loads(path.read_text())
            self.stretch = int(self.kept["stretch"])
            self._take_up()
        else:
            self.model = self._new()

    def _new(self) -> Any:
        given = self.settings
        begin: dict[str, Any] = {"ent_coef": f"auto_{given.temperature}"}
        if given.algorithm == "dsac_t":
            begin = {"temperature": given.temperature}
        model = _ALGORITHMS[given.algorithm](
            "MlpPolicy",
            self.env,
            learning_rate=given.rate,
            buffer_size=given.buffer,
            learning_starts=given.warm_up,
            batch_size=given.batch,
            gamma=given.discount,
            train_freq=1,
            gradient_steps=given.updates,
            policy_kwargs={"net_arch": list(given.hidden), "activation_fn": nn.ReLU},
            seed=given.seed,
            device="cpu",
            **begin,
        )
        actor = model.policy.actor
        with torch.no_grad():
            actor.mu.weight.mul_(0.01)
            actor.mu.bias.copy_(torch.atanh(torch.tensor(_BEGINNING)))
        if given.algorithm == "dsac_t":
            model.policy.actor_target.load_state_dict(actor.state_dict())
        # Sets are begun here and not by the first `learn`, so that a stretch always goes on.
        model._last_obs = self.env.reset()
        model._last_episode_starts = np.ones(self.env.num_envs, np.bool_)
        return model

    def go_on(self, shown: Callable[[int], None], should_stop: Callable[[], bool]) -> bool:
        """A stretch more; False if it was stopped, then nothing of it is kept.

        Args:
            shown: Called with the decisions made.
            should_stop: Asked at every decision.
        """
        watch = _Stretch(shown, should_stop)
        drawn = np.random.SeedSequence((self.settings.seed, self.stretch)).generate_state(1)
        set_random_seed(int(drawn[0]))
        self.model.learn(self.settings.score_every, callback=watch, reset_num_timesteps=False)
        if watch.stopped:
            return False
        self.stretch += 1
        return True

    def put_down(self) -> None:
        """Keeps all that the next stretch needs."""
        k = self.stretch
        self.model.save(self._folder / f"{k}.zip")
        self.model.save_replay_buffer(self._folder / f"{k}.buffer")
        there = {
            "sets": self.env.snapshot(),
            "seen": self.model._last_obs,
            "starts": self.model._last_episode_starts,
        }
        (self._folder / f"{k}.sets").write_bytes(pickle.dumps(there))
        self.kept["stretch"] = k
        beside = self._folder / "state.part"
        beside.write_text(json.dumps(self.kept, indent=2))
        beside.replace(self._folder / "state.json")
        for old in self._folder.glob(f"{k - 1}.*"):
            old.unlink()

    def _take_up(self) -> None:
        k = self.stretch
        kind = _ALGORITHMS[self.settings.algorithm]
        self.model = kind.load(self._folder / f"{k}.zip", env=self.env, device="cpu")
        self.model.load_replay_buffer(self._folder / f"{k}.buffer")
        there = pickle.loads((self._folder / f"{k}.sets").read_bytes())
        self.env.restore(there["sets"])
        self.model._last_obs = there["seen"]
        self.model._last_episode_starts = there["starts"]

    def arrays(self) -> Arrays:
        """The policy's mean as plain arrays of a `hiera.controllers.perceptron.Perceptron`."""
        actor = self.model.policy.actor
        layers = [m for m in actor.latent_pi if isinstance(m, nn.Linear)] + [actor.mu]
        assert layers[-1].out_features == AIMS
        made: Arrays = {}
        for i, layer in enumerate(layers):
            made[f"{i}.weight"] = layer.weight.detach().numpy().astype(np.float32).copy()
            made[f"{i}.bias"] = layer.bias.detach().numpy().astype(np.float32).copy()
        return made
