"""A `Batch` of three PyTorch Geometric graphs came out as one architecture of three unconnected
pieces.
"""

from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch, Data, HeteroData

from nasflow.errors import GraphError
from nasflow.importers import from_pyg


def chain(n_nodes: int) -> Data:
    path = torch.arange(n_nodes)
    return Data(x=torch.eye(n_nodes), edge_index=torch.stack([path[:-1], path[1:]]))


def test_a_batch_is_refused_as_other_types_are() -> None:
    batch = Batch.from_data_list([chain(3), chain(3), chain(3)])
    with pytest.raises(GraphError, match=r"DataBatch is no .* Data; give one graph at a time"):
        from_pyg(batch)
    with pytest.raises(GraphError, match=r"HeteroData is no .* Data; give one graph at a time"):
        from_pyg(HeteroData())


def test_its_graphs_are_read_one_at_a_time() -> None:
    batch = Batch.from_data_list([chain(2), chain(2)])
    graphs = [from_pyg(data) for data in batch.to_data_list()]
    assert graphs == [from_pyg(chain(2))] * 2
