"""`Scorer`: an encoder with a head that scores architectures, and how it is run on whole tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.encoders.base import Encoder
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.running.threads import n_threads_of_torch, pool_of_single_threads, torch_threads

Labels = npt.NDArray[np.float64]
ENCODE_NODES = 4096
"""Nodes at a time: enough that many look alike, few enough that a layer's states stay in the
processor's cache."""


class Scorer(nn.Module):
    """An encoder with a head: linear, relu, linear to one score.

    Args:
        encoder: gives the embedding.
        n_extra: how many numbers stand beside the embedding as inputs of the head.
    """

    def __init__(self, encoder: Encoder, n_extra: int = 0) -> None:
        super().__init__()
        self.encoder = encoder
        self.new_head(n_extra)

    def new_head(self, n_extra: int) -> None:
        """Put a newly drawn head in place, for `n_extra` numbers beside the embedding."""
        width = self.encoder.width
        head = nn.Sequential(nn.Linear(width + n_extra, width), nn.ReLU(), nn.Linear(width, 1))
        self.head = head.to(next(self.encoder.parameters()).device)

    def forward(self, batch: GraphBatch, extra: Tensor | None = None) -> Tensor:
        """(B,): a score for each architecture; only their order is trained. `extra` is (B,
        n_extra).
        """
        embedding = self.encoder(batch)
        scores: Tensor = self.head(
            embedding if extra is None else torch.cat([embedding, extra], dim=1)
        ).squeeze(1)
        return scores


def scores(scorer: Scorer, table: ArchTable, extra: Tensor | None = None) -> Labels:
    """(N,) float64: the score of every row, computed in chunks; `extra` is (N, n_extra)."""
    return np.concatenate(
        [chunk.double().numpy() for chunk in in_chunks(scorer, table, extra)] or [np.zeros(0)]
    )


def in_chunks(model: nn.Module, table: ArchTable, extra: Tensor | None = None) -> list[Tensor]:
    """What `model` gives for each chunk of the rows of `table` (and of `extra`, its second
    argument, if given).

    On the CPU; no gradient, no dropout. There each thread works on a chunk of its own: the bits are
    those of one thread, however many there are.
    """
    device = next(model.parameters()).device
    model.eval()

    def chunk(rows: slice) -> Tensor:
        # each thread says so for itself
        with torch.inference_mode():
            more = () if extra is None else (extra[rows].to(device),)
            given: Tensor = model(GraphBatch.from_table(table[rows], device), *more)
            return given.cpu()

    chunks = list(_chunks(table, ENCODE_NODES))
    # a GPU takes one chunk after the other anyhow
    n_threads = min(n_threads_of_torch(), len(chunks)) if device.type == "cpu" else 1
    if n_threads <= 1:
        with torch_threads(1):
            return [chunk(rows) for rows in chunks]
    with pool_of_single_threads(n_threads) as pool:
        return list(pool.map(chunk, chunks))


def _chunks(table: ArchTable, n_nodes: int) -> Iterator[slice]:
    """Consecutive rows of at most `n_nodes` nodes together, of which a larger graph is alone."""
    start, end = 0, table.node_ptr
    while start < len(table):
        # by nodes rather than rows: memory is the same whatever the size of the graphs
        stop = max(start + 1, int(np.searchsorted(end, end[start] + n_nodes, side="right")) - 1)
        yield slice(start, stop)
        start = stop


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """A copy of the module's weights by name, out of reach of later training."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
