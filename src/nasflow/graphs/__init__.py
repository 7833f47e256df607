"""The data model: one architecture, a whole space as flat arrays, a batch as tensors.

In the order in which to read it:

    names          what an operation may be called, and what four names mean
    architecture   `Architecture`: one graph, checked and frozen
    flat_graphs    `FlatGraphs`: N graphs as flat arrays, and how dead nodes are pruned
    table          `ArchTable`: such graphs with generations, rows and files
    batch          `GraphBatch`: some rows of a table as tensors, with each node's neighbours
    layouts        two other arrangements of a batch: by generation, and padded

What these stand on:

    generations    how deep in its graph each node is, and how a cycle is worded
    canonical      ids that are equal exactly for graphs that compute the same
    certificate    the graphs that colour refinement alone does not settle
    flat_arrays    pointers, checks and sorted edges of many graphs (NumPy)
    pointers       the pointer of a ragged tensor, and sums over the groups that it cuts (torch)
"""
