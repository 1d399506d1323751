"""Fast layer: controllers turn an observation and a subgoal into an action."""

from hiera.controllers.contract import Controller

__all__ = ["Controller"]
