"""Calls of networkx, a graph library: graphs as handles, nodes of any kind, callbacks, errors."""

from __future__ import annotations

import networkx as nx

SPEC = "networkx@==3.7"

EDGES = [(1, 2), (2, 3), (4, 5)]


def calls(w):
    yield "nodes", lambda: w.Graph_number_of_nodes(graph(w)), lambda: directly().number_of_nodes()
    yield (
        "neighbours",
        lambda: sorted(w.Graph_neighbors(graph(w), 2)),
        lambda: sorted(directly().neighbors(2)),
    )
    yield (
        "components",
        lambda: w.connected_components(graph(w)),
        lambda: nx.connected_components(directly()),
    )
    yield (
        "a way",
        lambda: w.dijkstra_path(graph(w), 1, 3),
        lambda: nx.dijkstra_path(directly(), 1, 3),
    )
    yield "no way", lambda: w.dijkstra_path(graph(w), 1, 5), lambda: nx.dijkstra_path(directly(), 1, 5)
    yield "connected", lambda: w.is_connected(graph(w)), lambda: nx.is_connected(directly())
    yield "density", lambda: w.density(graph(w)), lambda: nx.density(directly())
    yield (
        "clustering",
        lambda: w.clustering(w.complete_graph(4)),
        lambda: nx.clustering(nx.complete_graph(4)),
    )
    yield "diameter", lambda: w.diameter(w.cycle_graph(6)), lambda: nx.diameter(nx.cycle_graph(6))
    yield "data", lambda: w.adjacency_data(graph(w)), lambda: nx.adjacency_data(directly())
    yield (
        "a weight that is computed",
        lambda: w.dijkstra_path_length_with(graph(w), 1, 3, {"weight": lambda u, v, data: 2}),
        lambda: nx.dijkstra_path_length(directly(), 1, 3, weight=lambda u, v, data: 2),
    )


def graph(w):
    made = w.Graph_new()
    w.Graph_add_edges_from(made, EDGES)
    return made


def directly():
    return nx.Graph(EDGES)
