"""Runs the environment released with DARE (arXiv 2410.16687) and writes down where it went.

Started by `exploration_step.py` with an interpreter that has NumPy < 2, from a checkout of the
released code; it needs nothing of hiera. The robot goes to the nearest useful node. Sensing and
the update of the graph are timed, the choice of the hop is not.
"""

from __future__ import annotations

import json
import os
import sys
import time
import types
from copy import deepcopy


def main(checkout: str, count: int, cap: int) -> None:
    """Plays the first maps of the test folder and prints one JSON object a map."""
    os.chdir(checkout)
    sys.path.insert(0, checkout)
    try:
        import torch  # noqa: F401
    except ImportError:
        # Imported at the head of a file whose torch functions are not called here.
        sys.modules["torch"] = types.ModuleType("torch")
    import numpy as np
    from classes.agent.agent import Agent
    from classes.agent.node_manager import NodeManager
    from classes.env.env import Env

    for index in range(count):
        np.random.seed(index)  # noqa: NPY002 (the peer draws from NumPy's global stream)
        env = Env(index, 1, plot=False, test=True)
        nodes = NodeManager()
        agent = Agent(0, nodes, "cpu", False)
        agent.update_graph(env.belief_info, deepcopy(env.robot_locations[0]))
        path = [env.robot_locations[0].tolist()]
        utility = [sum(n.data.utility for n in nodes.nodes_dict)]
        spent = 0.0
        while utility[-1] > 0 and len(path) <= cap:
            target = _nearest(nodes, env.robot_locations[0])
            begin = time.process_time()
            env.step(np.array(target), 0)
            agent.update_graph(env.belief_info, deepcopy(env.robot_locations[0]))
            spent += time.process_time() - begin
            path.append([float(v) for v in target])
            utility.append(int(sum(n.data.utility for n in nodes.nodes_dict)))
        print(
            json.dumps(
                {
                    "map": index,
                    "path": path,
                    "utility": [int(u) for u in utility],
                    "distance_m": float(agent.travel_dist),
                    "cpu_s": spent,
                }
            ),
            flush=True,
        )


def _nearest(nodes, at):  # type: ignore[no-untyped-def]
    cost, before = nodes.Dijkstra(at)
    best, best_key = None, None
    for node in nodes.nodes_dict:
        where = tuple(node.data.coords)
        key = (cost[where], -node.data.utility)
        if node.data.utility > 0 and cost[where] > 0 and (best_key is None or key < best_key):
            best, best_key = where, key
    return nodes.get_Dijkstra_path_and_dist(cost, before, best)[0][0]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
