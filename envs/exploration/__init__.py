"""The exploration world: occupancy maps, lidar, belief, viewpoint graph, robot, people."""

from hiera.envs.exploration.registration import EXPLORATION_ID, make_exploration, register

register()

__all__ = ["EXPLORATION_ID", "make_exploration"]
