"""`PartsOfBatch`: an encoder trained on parts of each batch at once, a thread for each.

The parts' embeddings are put together before any task sees them, and their gradients are added up,
so a task's loss is that of the whole batch. Threads within torch's operations do not reach that: a
layer of 256 small graphs is some megabytes, which two threads hardly share to any profit, and on a
busy machine they wait for each other at every operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from nasflow.encoders.base import Encoder
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.pretext.base import Step
from nasflow.running.cached import cached_property
from nasflow.running.seeding import drawing_from
from nasflow.running.threads import pool_of_single_threads

NODES_OF_PART = 1024
"""About so many nodes are a part: more, and a layer's states leave the processor's nearest cache;
fewer, and the time goes to starting operations. Not a share of the threads, so that the same seed
gives the same bits with two threads and with sixteen."""


class PartsOfBatch:
    """Threads that pass batches of one table through an encoder; used in a `with` block.

    Args:
        encoder: of the kind that `can_be_cut` says yes to.
        table: the architectures that batches are rows of.
        n_threads: how many.

    Attributes:
        n_rows: rows of a part.
    """

    def __init__(self, encoder: Encoder, table: ArchTable, n_threads: int) -> None:
        self.encoder = encoder
        self.table = table
        nodes_of_row = max(1, len(table.ops) // max(1, len(table)))
        self.n_rows = max(1, NODES_OF_PART // nodes_of_row)
        # no thread starts before there is work
        self._pool = pool_of_single_threads(n_threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def step(self, rows: Tensor) -> StepInParts:
        """The rows (B,) of the table as a step, with draws of its own from torch's generator."""
        seed = int(torch.randint(2**62, ()))
        batch = GraphBatch.from_table(self.table[rows.numpy()])
        jobs = list(enumerate(rows.split(self.n_rows)))

        def embedded(job: tuple[int, Tensor]) -> Tensor:
            number, some = job
            # draws belong to the part, whichever thread takes it and whenever
            with drawing_from(torch.Generator().manual_seed(seed + number)):
                of_part: Tensor = self.encoder(GraphBatch.from_table(self.table[some.numpy()]))
            return of_part

        return StepInParts(self.encoder, batch, tuple(self._pool.map(embedded, jobs)), self._pool)


def can_be_cut(encoder: Encoder) -> bool:
    """Whether the graphs of a batch may be passed through an encoder in parts, at once."""
    return encoder.trains_in_parts and next(encoder.parameters()).device.type == "cpu"


@dataclass(frozen=True, eq=False)
class StepInParts(Step):
    """A batch whose embedding was made in parts; tasks see no difference."""

    parts: tuple[Tensor, ...]
    """(B_i, H): the embedding of each part, in the order of the batch."""
    pool: ThreadPoolExecutor

    @cached_property
    def embedding(self) -> Tensor:
        """(B, H): the embedding of every architecture, where `backward` takes over."""
        return torch.cat([part.detach() for part in self.parts]).requires_grad_()

    def backward(self) -> None:
        """Add to the encoder's gradients what the embedding's own, made by now, stands for."""
        arrived = self.embedding.grad
        # no task has asked for the embedding
        if arrived is None:
            return
        parameters = [value for value in self.encoder.parameters() if value.requires_grad]
        jobs = zip(self.parts, arrived.split([len(part) for part in self.parts]), strict=True)

        def gradients(job: tuple[Tensor, Tensor]) -> tuple[Tensor | None, ...]:
            return torch.autograd.grad(job[0], parameters, job[1], allow_unused=True)

        # in the order of the parts, whichever was done first: sums of floats depend on it
        for of_part in self.pool.map(gradients, jobs):
            for parameter, gradient in _given(parameters, of_part):
                if parameter.grad is None:
                    parameter.grad = gradient
                else:
                    parameter.grad += gradient


def _given(
    parameters: Sequence[Tensor], gradients: Sequence[Tensor | None]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Each parameter that has a gradient, with it."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is not None:
            yield parameter, gradient
