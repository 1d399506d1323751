"""The breathing set: endurance of controllers, paired, beside what foresight could reach."""
