"""The sweep of the flow module: against a loop with torch's own GRU, and numerical derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nasflow.encoders.flow_sweep import FlowSweep
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, flow_sweep, neighbours, random_table

WIDTH = 4


def _sweep(scale: float = 1.0) -> FlowSweep:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sweep = FlowSweep(WIDTH).double()
    with torch.no_grad():
        sweep.score.weight.mul_(scale)
    return sweep


@pytest.mark.parametrize(
    "scale", [1.0, 1e4], ids=["ordinary scores", "scores beyond what exp takes"]
)
@pytest.mark.parametrize("direction", ["down", "up"])
def test_values_and_gradients_equal_the_loop_over_nodes(direction: str, scale: float) -> None:
    alone = ArchTable.from_architectures(
        [Architecture(("input",)), Architecture(("input", "output"))], OPS
    )
    table = ArchTable.concatenate([random_table(8), alone])
    batch = GraphBatch.from_table(table)
    flow = batch.by_generation
    pair = (flow.down, flow.up) if direction == "down" else (flow.up, flow.down)
    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    results = []
    for batched in (True, False):
        sweep, states = _sweep(scale), x.clone().requires_grad_()
        if batched:
            out = sweep(states[flow.order], *pair)[flow.place]
        else:
            rows: list[Tensor] = []
            parts = states.split(batch.node_ptr.diff().tolist())
            for graph, part in zip(table, parts, strict=True):
                before, after = neighbours(graph)
                rows += flow_sweep(sweep, list(part), before if direction == "down" else after)
            out = torch.stack(rows)
        (out.sin() * torch.arange(WIDTH)).sum().backward()
        results.append(
            [out.detach(), states.grad, *(parameter.grad for parameter in sweep.parameters())]
        )
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_the_written_out_backward_pass_is_the_derivative() -> None:
    batch, sweep = GraphBatch.from_table(random_table(3)), _sweep(3.0)
    flow, parameters = batch.by_generation, dict(sweep.named_parameters())

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(parameters, weights, strict=True))
        return torch.func.functional_call(sweep, given, (x, flow.down, flow.up))

    x = torch.randn(
        batch.n_nodes, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert torch.autograd.gradcheck(call, (x.requires_grad_(), *parameters.values()))
