"""Slow layer: planners turn a belief into an ordered list of subgoals."""

from hiera.planners.contract import Plan, Planner, PlanStatus, Provenance

__all__ = ["Plan", "PlanStatus", "Planner", "Provenance"]
