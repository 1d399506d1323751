"""Controllers trained by reinforcement learning."""
