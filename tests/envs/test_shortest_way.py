"""Lengths of ways, against straight lines and against a breadth-first search."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from hiera.envs.exploration.shortest_way import shortest_way


def test_a_free_line_is_straight_and_a_wall_is_gone_round() -> None:
    belief = np.ones((9, 9), np.uint8)
    assert shortest_way(belief, 0, 0, 3, 4) == pytest.approx(5.0)
    belief[0:8, 4] = 2
    assert shortest_way(belief, 2, 0, 6, 0) == pytest.approx(2 * (6 + 2 * np.sqrt(2)))
    belief[8, 4] = 0
    assert shortest_way(belief, 2, 0, 6, 0) == np.inf


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_shortest_way_of_the_grid_where_no_line_is_free(seed: int) -> None:
    rng = np.random.default_rng(seed)
    belief = np.where(rng.random((12, 15)) < 0.6, 1, 2).astype(np.uint8)
    graph = nx.Graph()
    free = {(int(x), int(y)) for y, x in np.argwhere(belief == 1)}
    for x, y in free:
        graph.add_node((x, y))
        for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
            if (x + dx, y + dy) in free:
                graph.add_edge((x, y), (x + dx, y + dy), weight=np.hypot(dx, dy))
    begin = min(free)
    known = nx.single_source_dijkstra_path_length(graph, begin)
    for goal in free:
        found, straight = shortest_way(belief, *begin, *goal), np.hypot(*np.subtract(goal, begin))
        if goal not in known:
            assert found == np.inf
        else:
            assert found == pytest.approx(known[goal]) or found == pytest.approx(straight)
            assert straight - 1e-9 <= found <= known[goal] + 1e-9
