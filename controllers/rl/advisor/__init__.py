"""The advisor of the breathing set: a small learned policy that proposes a course of commands."""

from hiera.controllers.rl.advisor.advisor import Advised, Advisor
from hiera.controllers.rl.advisor.weights import load_policy

__all__ = ["Advised", "Advisor", "load_policy"]
