"""Where the time of ResGatedGCN goes, in training above all, and what was tried to make it less.

    python benchmarks/training_profile.py        prints, and writes docs/results/training-speed.md

NAS-Bench-201, batches of 256, width 128, one thread unless said; the best of some turns counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from gather_kernels import InBlocks, OneWiring, blocks_of
from nasflow import ArchTable, EncoderConfig, GraphBatch
from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.resgatedgcn import GatedConv, _gather
from nasflow.experiments.manifest import processor
from nasflow.experiments.tables import markdown
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction import scorer
from nasflow.prediction.adamw import AdamW
from nasflow.prediction.pretrain import pretrain
from nasflow.running.files import write_text
from nasflow.spaces.nb201 import NB201
from surrogate import best_of

PAGE = Path("docs/results/training-speed.md")
WIDTH, BATCH, N_BATCHES = 128, 256, 8


def rate(call: Callable[[], object], n: int, turns: int) -> float:
    """Architectures a second, `n` of them a call."""
    return n / best_of(turns, call)[0]


def new_encoder(table: ArchTable) -> Encoder:
    """ResGatedGCN in training."""
    torch.manual_seed(0)
    return make_encoder(table.n_ops, EncoderConfig(width=WIDTH)).train()


def steps(table: ArchTable, size: int) -> Callable[[], None]:
    """Forward, backward and AdamW on ready-made batches of the table."""
    encoder = new_encoder(table)
    batches = [GraphBatch.from_table(table[i : i + size]) for i in range(0, len(table), size)]
    optimizer = AdamW(encoder.parameters(), 1e-3, 0.0)

    def run() -> None:
        for batch in batches:
            optimizer.zero_grad()
            encoder(batch).square().mean().backward()
            optimizer.step()

    run()  # a batch keeps its layouts
    return run


def parts_of_a_step(table: ArchTable, turns: int) -> list[list[str]]:
    """Milliseconds of what a step is made of."""
    batch, encoder = GraphBatch.from_table(table[:BATCH]), new_encoder(table)
    layer = encoder.layers[1]
    assert isinstance(layer, GatedConv)
    weight = layer.projection.weight.detach()
    x, d = torch.randn(batch.n_nodes, WIDTH), torch.randn(batch.n_nodes, 4 * WIDTH)
    projected = torch.randn(batch.n_nodes, 4 * WIDTH, requires_grad=True)
    grad = torch.randn(batch.n_nodes, WIDTH)
    optimizer = AdamW(encoder.parameters(), 1e-3, 0.0)
    encoder(batch).square().mean().backward()

    def messages() -> None:
        torch.autograd.grad(_gather(projected, batch.undirected), projected, grad)

    def products() -> None:
        _ = x @ weight.t(), d.t() @ x, d @ weight

    jobs: list[tuple[str, Callable[[], object], int]] = [
        ("batch from the table, neighbour lists", lambda: fresh(table).undirected, 1),
        ("matrix products of a layer, forward and backward", products, 2),
        ("messages of a layer, forward and backward", messages, 2),
        ("dropout's factors", lambda: encoder.dropout.factors(x.shape, x), 3),
        ("AdamW", optimizer.step, 1),
        ("all of a step", steps(table[:BATCH], BATCH), 1),
    ]
    rows = [["part", "ms", "times a step"]]
    for name, call, n in jobs:
        rows.append([name, f"{1000 * best_of(turns, call)[0]:.2f}", str(n)])
    return rows


def fresh(table: ArchTable) -> GraphBatch:
    """A batch that keeps nothing yet."""
    return GraphBatch.from_table(table[:BATCH])


def kernels(table: ArchTable, turns: int) -> list[list[str]]:
    """Milliseconds of other ways to gather messages, forward and backward; all agree."""
    batch = GraphBatch.from_table(table[:BATCH])
    torch.manual_seed(0)
    projected = torch.randn(batch.n_nodes, 4 * WIDTH, requires_grad=True)
    grad = torch.randn(batch.n_nodes, WIDTH)
    rows = [["messages of a layer", "ms"]]

    def add(name: str, call: Callable[[], Tensor]) -> None:
        rows.append([name, f"{1000 * best_of(turns, call)[0]:.2f}"])

    def gathered() -> Tensor:
        return torch.autograd.grad(_gather(projected, batch.undirected), projected, grad)[0]

    add("as they are: the whole batch at once", gathered)
    for n_graphs in (8, 16, 32, 64):
        blocks = blocks_of(batch, n_graphs)

        def in_blocks(blocks: list = blocks) -> Tensor:
            out = InBlocks.apply(projected, blocks)
            return torch.autograd.grad(out, projected, grad)[0]

        torch.testing.assert_close(in_blocks(), gathered())
        add(f"{n_graphs} graphs at a time", in_blocks)
    # node after node: row of node i of graph g is i * B + g
    n = batch.n_nodes // BATCH
    order = torch.arange(batch.n_nodes).view(BATCH, n).t().flatten()
    edges = batch.edge_index[:, batch.edge_index[1] < n].t().tolist()
    pairs = sorted([(v, u) for u, v in edges] + [(u, v) for u, v in edges])
    by_node = projected.detach()[order].requires_grad_()
    grad_by_node = grad[order]

    def one_wiring() -> Tensor:
        out = OneWiring.apply(by_node, pairs, n)
        return torch.autograd.grad(out, by_node, grad_by_node)[0]

    torch.testing.assert_close(one_wiring(), gathered()[order])
    add("slices of graphs with the same edges, nothing gathered", one_wiring)
    return rows


def tries(table: ArchTable, turns: int) -> list[list[str]]:
    """Architectures a second of whole steps."""
    rows = [["steps on one thread", "architectures a second"]]
    for size in (32, 64, BATCH, 1024):
        found = rate(steps(table, size), len(table), turns)
        rows.append([f"batches of {size}", f"{found:,.0f}"])
    torch.set_float32_matmul_precision("medium")
    found = rate(steps(table, BATCH), len(table), turns)
    torch.set_float32_matmul_precision("highest")
    rows.append([f"batches of {BATCH}, matrix products in bfloat16", f"{found:,.0f}"])
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        history = pretrain(
            new_encoder(table),
            table,
            PretrainConfig(epochs=turns + 1),
            SurrogateConfig(k=7),
        )
        torch.set_num_threads(1)
        found = len(table) / min(history.seconds)
        rows.append([f"`pretrain`, {n_threads} threads", f"{found:,.0f}"])
    return rows


def encoding(table: ArchTable, turns: int) -> list[list[str]]:
    """Architectures encoded a second from the table, by the size of chunks and the threads."""
    encoder, usual = new_encoder(table), scorer.ENCODE_NODES
    rows = [["encoding, nodes a chunk", "one thread", "two threads, a chunk each"]]
    for n_nodes in (1024, 2048, usual, 8192):
        scorer.ENCODE_NODES = n_nodes
        cells = [f"{n_nodes:,}"]
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            found = rate(lambda: scorer.in_chunks(encoder, table), len(table), turns)
            cells.append(f"{found:,.0f}")
        rows.append(cells)
    scorer.ENCODE_NODES = usual
    torch.set_num_threads(1)
    return rows


def compiled(table: ArchTable, turns: int) -> list[list[str]]:
    """Forward and backward by `torch.compile`, which needs a compiler on the machine."""
    encoder = new_encoder(table)
    batches = [GraphBatch.from_table(table[i : i + BATCH]) for i in range(0, len(table), BATCH)]
    by_compiler = torch.compile(encoder, dynamic=True)

    def run(model: Callable[[GraphBatch], Tensor]) -> None:
        for batch in batches:
            model(batch).square().mean().backward()

    rows = [["forward and backward alone", "architectures a second"]]
    found = rate(lambda: run(encoder), len(table), turns)
    rows.append(["as it is", f"{found:,.0f}"])
    started = time.perf_counter()
    run(by_compiler)
    seconds = time.perf_counter() - started
    found = rate(lambda: run(by_compiler), len(table), turns)
    rows.append([f"`torch.compile`, after {seconds:.0f} s of compiling", f"{found:,.0f}"])
    return rows


def profiled(table: ArchTable) -> list[list[str]]:
    """What torch's profiler says of the steps of an epoch."""
    run = steps(table, BATCH)
    with profile(activities=[ProfilerActivity.CPU]) as found:
        run()
    events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    rows = [["operation", "share of the time, %", "calls a step"]]
    for event in events[:14]:
        share = 100 * event.self_cpu_time_total / total
        rows.append([event.key, f"{share:.1f}", f"{event.count / N_BATCHES:.0f}"])
    return rows


def main() -> None:
    """All tables, on a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--out", type=Path, default=PAGE, help="the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cells = NB201().enumerate()
    torch.manual_seed(0)
    table = cells[torch.randperm(len(cells))[: N_BATCHES * BATCH].numpy()]
    parts = parts_of_a_step(table, options.turns)
    flops = 2 * 3 * 2 * 8 * BATCH * WIDTH * 4 * WIDTH  # 2 layers, 3 products each
    seconds = 2 * float(parts[2][1]) / 1000
    limit = BATCH / seconds
    text = f"""# How fast can ResGatedGCN train and encode on a processor?

{__doc__.splitlines()[4]} {processor()}.

Command: `python benchmarks/training_profile.py --turns {options.turns}`

## A step

{markdown(parts)}
Two of the three layers are matrix products of 2,048 nodes, {flops / 1e9:.2f} GFLOP with the
backward pass (the first layer's input takes as many values as there are operations). They run at
{flops / seconds / 1e9:.0f} GFLOP/s, about what a core can do in float32: with nothing else left to
do it could train on {limit:,.0f} architectures a second. The rest moves memory: a layer's
messages are 2.4 MB, more than the near cache holds.

Encoding has a third of the products: {3 * limit:,.0f} a second and core with nothing else to do. Of
what it has to do besides, nodes that look alike save most in the first two layers
(`nasflow.encoders.look_alikes`); after three layers all nodes of a batch differ.

## What was tried

{markdown(tries(table, max(2, options.turns // 5)))}
{markdown(compiled(table, options.turns))}
{markdown(encoding(cells, max(2, options.turns // 5)))}
{markdown(kernels(table, options.turns))}
## torch's profiler

Self time of {N_BATCHES} steps.

{markdown(profiled(table))}"""
    write_text(options.out, text)
    print(text)


if __name__ == "__main__":
    main()
