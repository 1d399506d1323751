"""Recipes: a safety filter inside other people's loops.

Nothing is imported here; each module needs only what its name says.

- `hiera.safety.embed.watchdog`: any loop with a clock.
- `hiera.safety.embed.gymnasium`: environments and vector environments of Gymnasium.
- `hiera.safety.embed.stable_baselines3`: off-policy training on what was executed.
- `hiera.safety.embed.pettingzoo`: parallel environments of many agents.
"""
