"""The learned viewpoint policy: graph attention over the viewpoints around the robot."""
