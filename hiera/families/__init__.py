"""Families of scenarios: each joins a world, a planner, a controller and a filter."""
