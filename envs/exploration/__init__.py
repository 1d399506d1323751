"""The exploration world: occupancy maps, lidar, belief, viewpoint graph, robot, people."""
