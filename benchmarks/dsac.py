"""Environment steps per CPU second of DSAC-T beside Stable-Baselines3's SAC, on Pendulum.

    python benchmarks/dsac.py --steps 2000

Both make one critic step per environment step with batches of 256, on one thread, in this process,
in turn and in blocks, so that a busy machine slows both alike. Three networks: what each takes by
default, and each with the other's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from hiera.safety.extras import require


def build(kind: str, hidden: list[int]) -> Any:
    """An algorithm ready to train, 1,000 transitions gathered."""
    require("stable_baselines3", "learn")
    import torch
    from stable_baselines3 import SAC

    from hiera.controllers.rl.dsac import DSACT

    torch.set_num_threads(1)
    made = {"SAC": SAC, "DSAC-T": DSACT}[kind](
        "MlpPolicy", "Pendulum-v1", learning_rate=1e-3, learning_starts=1000, seed=0,
        policy_kwargs={"net_arch": hidden}, buffer_size=20_000, device="cpu",
    )  # fmt: skip
    made.learn(1050)
    return made


def rates(hidden: list[int], steps: int, blocks: int) -> dict[str, float]:
    """Median steps per CPU second of both."""
    built = {kind: build(kind, hidden) for kind in ("SAC", "DSAC-T")}
    found: dict[str, list[float]] = {kind: [] for kind in built}
    for _ in range(blocks):
        for kind, model in built.items():
            begun = time.process_time()
            model.learn(max(steps // blocks, 1), reset_num_timesteps=False)
            found[kind].append(max(steps // blocks, 1) / (time.process_time() - begun))
    return {kind: statistics.median(values) for kind, values in found.items()}


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="environment steps of each")
    parser.add_argument("--blocks", type=int, default=10, help="turns in which they are taken")
    arguments = parser.parse_args()
    print(f"{'hidden layers':18} {'SAC':>8} {'DSAC-T':>8}  steps per CPU second; ratio")
    for hidden in ([256, 256], [256, 256, 256], [128, 128]):
        found = rates(hidden, arguments.steps, arguments.blocks)
        sac, ours = found["SAC"], found["DSAC-T"]
        print(f"{hidden!s:18} {sac:8.1f} {ours:8.1f}  {ours / sac:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
