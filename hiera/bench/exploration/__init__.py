"""Exploration: viewpoint policies and slow layers, paired map by map, over a provable bound."""
