"""Teaches the network what was labelled; can be killed at any moment and goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from hiera.controllers.rl.viewpoint.features import FIRST
from hiera.controllers.rl.viewpoint.network import SCORE_M, Sizes, Weights
from hiera.controllers.rl.viewpoint.torch_network import ViewpointNet
from hiera.training.viewpoint.data import Batch, Decisions
from hiera.training.viewpoint.settings import TeachSettings

_SAVE_EVERY_S = 20.0
_FAINT = 0.05
_AS_THE_TOUR = math.log(2.0)
"""Logit of a chance of two in three, with which unknown ground costs what it costs the tour."""
_KNOWN = 0.1
"""Pixels known to a greater share are not guessed."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean errors of a batch.

    Attributes:
        score: Weighted square of the scores' error [(10 m)^2].
        value: Square of the value's error [(10 m)^2].
        guess: Cross entropy of the guessed map.
        pick_m: What the choice costs beyond the best, by the labels [m].
        tour_m: The same of the local tour's choice [m].
    """

    score: torch.Tensor
    value: torch.Tensor
    guess: torch.Tensor
    pick_m: torch.Tensor
    tour_m: torch.Tensor

    def numbers(self) -> dict[str, float]:
        """As plain numbers."""
        names = ("score", "value", "guess", "pick_m", "tour_m")
        return {name: float(getattr(self, name).detach()) for name in names}


def taught_to_try(net: ViewpointNet) -> None:
    """Makes a taught network begin as its prior, with no expectations, in place.

    What it has learnt to see stays; so does its guess of the map, which is not trained further.
    """
    with torch.no_grad():
        net.score.weight.zero_()
        net.score.bias.zero_()
        net.query.weight.mul_(_FAINT)
        net.query.bias.zero_()
        net.value2.weight.zero_()
        net.value2.bias.zero_()


def untaught(net: ViewpointNet) -> None:
    """Makes a fresh network begin as the local tour, in place: all unknown ground is alike."""
    with torch.no_grad():
        net.eye.guess.weight.zero_()
        net.eye.guess.bias.fill_(_AS_THE_TOUR)
    taught_to_try(net)


def trainable(net: ViewpointNet) -> list[torch.nn.Parameter]:
    """What reinforcement changes: everything but the convolutions that the guess depends on."""
    return [p for n, p in net.named_parameters() if not n.startswith(("eye.conv", "eye.guess"))]


def errors_of(net: ViewpointNet, batch: Batch, clip_m: float) -> Errors:
    """What the network gets wrong in a batch of labelled decisions.

    A candidate's score is to be its cost beyond the best one's. Errors near the best candidate
    weigh more, by ``exp(-cost)`` in units of 10 m, since only they change the choice.
    """
    tokens, _, _, picture, _ = batch.inputs
    score, value, guess = net(*batch.inputs)
    real = ~torch.isnan(batch.labels["cost_m"])
    cost = torch.where(real, batch.labels["cost_m"], torch.inf)
    beyond = ((cost - cost.amin(1, keepdim=True)) / SCORE_M).clamp(max=clip_m / SCORE_M)
    weight = torch.where(real, torch.exp(-beyond), torch.zeros(()))
    weight = weight / weight.sum(1, keepdim=True)
    each = torch.arange(len(score))
    pick = torch.where(real, score, torch.inf).argmin(1)
    tour = tokens[:, :, FIRST].argmax(1)
    blank = (picture[:, 0] < _KNOWN) & (picture[:, 1] < _KNOWN)
    return Errors(
        score=(weight * torch.where(real, score - beyond, torch.zeros(())) ** 2).sum(1).mean(),
        value=((value - batch.labels["later_m"] / SCORE_M) ** 2).mean(),
        guess=functional.binary_cross_entropy_with_logits(
            guess[blank], batch.labels["truth"][blank]
        ),
        pick_m=SCORE_M * beyond[each, pick].mean(),
        tour_m=SCORE_M * beyond[each, tour].mean(),
    )


def weights_of(net: ViewpointNet) -> Weights:
    """A network's weights as plain arrays."""
    return {
        name: tensor.detach().cpu().numpy().astype(np.float32)
        for name, tensor in net.state_dict().items()
    }


def fresh(sizes: Sizes, seed: int, weights: Weights | None) -> ViewpointNet:
    """A network with random weights, or with given ones."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = ViewpointNet(sizes)
    if weights is not None:
        net.load_state_dict({n: torch.from_numpy(a.copy()) for n, a in weights.items()})
    return net


def one_cycle(step: int, steps: int) -> float:
    """Share of the greatest learning rate: up over a tenth of the steps, then down as a cosine."""
    up = max(steps // 10, 1)
    if step < up:
        return (step + 1) / up
    return 0.5 + 0.5 * math.cos(math.pi * (step - up) / max(steps - up, 1))


def on(device: str) -> torch.device:
    """The device a setting means."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


@dataclass(slots=True)
class Fit:
    """One fit in progress.

    Attributes:
        net: The network.
        step: Steps made.
        steps: Steps to make.
    """

    net: ViewpointNet
    step: int
    steps: int


def fit(
    net: ViewpointNet,
    decisions: Decisions,
    settings: TeachSettings,
    *,
    seed: int,
    device: torch.device,
    checkpoint: Path,
    report: Callable[[Fit, dict[str, float]], None],
    should_stop: Callable[[], bool],
) -> bool:
    """Fits a network in place.

    Args:
        net: The network.
        decisions: What to fit it to.
        settings: How.
        seed: Order and turns of the batches follow from it.
        device: Where to compute.
        checkpoint: Where the state is kept; an existing one is gone on from.
        report: Called after every step with the batch's errors.
        should_stop: Asked after every step.

    Returns:
        Whether it came to its end.
    """
    net.to(device).train()
    optimiser = torch.optim.AdamW(net.parameters(), settings.rate, weight_decay=settings.decay)
    steps = max(2, round(settings.epochs * len(decisions) / settings.batch))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, partial(one_cycle, steps=steps))
    state = Fit(net, 0, steps)
    if checkpoint.is_file():
        kept: dict[str, Any] = torch.load(checkpoint, map_location=device, weights_only=True)
        if kept["steps"] == steps:
            net.load_state_dict(kept["net"])
            optimiser.load_state_dict(kept["optimiser"])
            schedule.load_state_dict(kept["schedule"])
            state.step = int(kept["step"])
    batches = decisions.epochs(settings.batch, np.random.default_rng(seed))
    for _ in range(state.step):
        next(batches)
    saved = time.monotonic()
    while state.step < steps:
        index, turn = next(batches)
        batch = decisions.batch(index, turn).to(device)
        wrong = errors_of(net, batch, settings.clip_m)
        loss = wrong.score + settings.guess * wrong.guess + settings.value * wrong.value
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        state.step += 1
        report(state, wrong.numbers())
        stop = should_stop()
        if stop or time.monotonic() - saved > _SAVE_EVERY_S or state.step == steps:
            _save(checkpoint, state, optimiser, schedule)
            saved = time.monotonic()
        if stop:
            return state.step == steps
    return True


def _save(path: Path, state: Fit, optimiser: Any, schedule: Any) -> None:
    beside = path.with_name(path.name + ".part")
    torch.save(
        {
            "net": state.net.state_dict(),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "step": state.step,
            "steps": state.steps,
        },
        beside,
    )
    beside.replace(path)
