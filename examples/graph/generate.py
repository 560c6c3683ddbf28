#!/usr/bin/env python3
"""generate.py SEED > graphs.csv: random graphs with communities, one in each row, for graph.tw.

A graph has 100 nodes in 4 communities, which differ in size from graph to graph. A node has 4 features: 1 at the number of its
community and 0 elsewhere, plus noise as large. Of 400 edges 19 in 20 join nodes of one community; each is written in both
directions. A row is the features of all nodes, the nodes where edges begin, those where they end, and the communities.
"""

import random
import sys

GRAPHS, NODES, COMMUNITIES, EDGES, INSIDE, NOISE = 150, 100, 4, 400, 0.95, 1.0


def graph(draw):
    """The numbers of one row."""
    weights = [draw.uniform(1, 2) for _ in range(COMMUNITIES)]
    community = draw.choices(range(COMMUNITIES), weights, k=NODES)
    features = [(k == c) + draw.gauss(0, NOISE) for c in community for k in range(COMMUNITIES)]
    source, target = [], []
    while len(source) < 2 * EDGES:
        a, b = draw.sample(range(NODES), 2)
        if (community[a] == community[b]) == (draw.random() < INSIDE):
            source += a, b
            target += b, a
    return [f"{x:.3f}" for x in features] + source + target + community


def main(seed):
    draw = random.Random(int(seed))
    for _ in range(GRAPHS):
        print(*graph(draw), sep=",")


if __name__ == "__main__":
    main(*sys.argv[1:])
