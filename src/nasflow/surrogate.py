r"""`FlowSurrogate`: random vectors passed forward and backward through an architecture's graph.

The definition (section 3 of the paper; h[v] = P[x_v], x_v the operation of node v):

    forward   f[v]  = r                                            nodes without predecessors
              m[v]  = sum of f[u] over the predecessors u of v
              f[v]  = alpha m[v] + (1 - alpha) relu([h[v], m[v]] W)
    backward  b[v]  = f[v]                                         nodes without successors
              m'[v] = sum of b[w] over the successors w of v
              b[v]  = alpha m'[v] + (1 - alpha) relu([h[v], m'[v]] W)
    surrogate s     = sum of b[v] over the nodes without predecessors

    r  (k,)          U(0, 1)           P  (n_ops, k)   N(0, sigma^2)
    W  (2k, k)       N(0, sigma^2)     one draw for a whole space

Beyond the paper, as options: another activation than relu, for all operations or for some; messages
summed and divided by the square root of their number (`pooling="root"`), or brought nearer to the
length of r before they are used (`rescale` = q): m[v] (|r| / |m[v]|)^q stands for m[v], and
likewise for m'[v]. That shrinks the logarithm of |m| / |r| by 1 - q at each node, so it stays
bounded at any depth; with q < 1 two equal messages still count more than one
(docs/results/questions/magnitude.md).

How it is fast:

* Nodes are laid out by generation over the whole batch, so one generation is one slice: gather the
  messages, one k x k product, done. There is no loop over graphs.
* [h, m] W = P W[:k] + m W[k:], and P W[:k] is a table of n_ops rows, computed once.
* 4,096 graphs at a time, so that their states stay in the processor's cache; one thread works on
  one such chunk, since NumPy and torch release the interpreter inside each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, gelu, pad, silu

from nasflow.errors import ConfigError, DataError
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig

CHUNK = 4096  # graphs a chunk


class FlowSurrogate:
    """The flow surrogate of every architecture of a table: a vector of its graph alone.

    Isomorphic graphs have equal surrogates, whatever their node order. Use it as the target that an
    encoder learns to reconstruct; it is no prediction of performance by itself.

    Args:
        n_ops: size of the vocabulary.
        config: width, scale, seed and variant.
        dtype: float64 where it matters whether two surrogates are equal; float32 is twice as fast.
        n_later_ops: how many operations at the end of the vocabulary have their rows of P drawn
            last, so that the draw of the others is that of a vocabulary without them.

    Attributes:
        r, P, W: the random draws, bit-compatible with the published order: `RandomState(seed)`,
            then uniform(k) = r, a uniform(k) that is not used, normal(n_ops, k) = P, normal(2k, k)
            = W.

    Example:
        >>> from nasflow.spaces.nb201 import NB201
        >>> table = NB201().enumerate()
        >>> FlowSurrogate(table.n_ops, SurrogateConfig(k=7))(table).shape
        torch.Size([15625, 7])
    """

    def __init__(
        self,
        n_ops: int,
        config: SurrogateConfig | None = None,
        dtype: torch.dtype = torch.float32,
        n_later_ops: int = 0,
    ) -> None:
        self.config = config = config or SurrogateConfig()
        k, rng = config.k, np.random.RandomState(config.seed)
        self.r = torch.from_numpy(rng.uniform(0, 1, k)).to(dtype)
        rng.uniform(0, 1, k)  # drawn and not used, as published: P and W follow it
        P = rng.normal(0, config.sigma, (n_ops - n_later_ops, k))
        W = rng.normal(0, config.sigma, (2 * k, k))
        later = rng.normal(0, config.sigma, (n_later_ops, k))
        self.P = torch.from_numpy(np.concatenate([P, later])).to(dtype)  # (n_ops, k)
        self.W = torch.from_numpy(W).to(dtype)  # (2k, k)
        # zero columns up to k' = a multiple of 8 change no value, and the k' x k' product is
        # 1.6 times as fast
        n_zeros = -k % 8
        self._start = pad(self.r, (0, n_zeros))  # (k',)
        # (n_ops, k'): what [h, .] W adds for each operation
        self._converted = pad(self.P @ self.W[:k], (0, n_zeros))
        self._W_message = pad(self.W[k:], (0, n_zeros, 0, n_zeros))  # (k', k')

    def __call__(self, table: ArchTable) -> Tensor:
        """(N, rounds * k) of `dtype`: the raw surrogate of every row, round after round.

        Raises:
            ConfigError: an activation for an operation that the table does not know.
            DataError: the table has another vocabulary size than the draw, or a value overflows (a
                deep graph with a large sigma).
        """
        if table.n_ops != len(self.P):
            raise DataError(
                f"the surrogate was drawn for {len(self.P)} operations, the table has {table.n_ops}"
            )
        activate = _Activate.of(self.config, table.vocabulary)
        if not len(table):
            return self.r.new_zeros(0, self.config.rounds * self.config.k)
        starts = range(0, len(table), CHUNK)
        n_threads = min(torch.get_num_threads(), len(starts))

        def chunk_at(start: int) -> Tensor:
            return self._chunk(table[start : start + CHUNK], activate)

        # one thread inside each worker: the setting is the worker's own
        with ThreadPoolExecutor(
            n_threads, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            surrogate = torch.cat(list(pool.map(chunk_at, starts)))
        bad = ~torch.isfinite(surrogate).all(dim=1)
        if bad.any():
            row = int(bad.nonzero()[0])
            raise DataError(
                f"row {row}: the surrogate of a graph of {table[row].n_nodes} nodes overflows; use"
                f" a sigma below {self.config.sigma:g}, pooling='mean' or rescale=0.5"
            )
        return surrogate

    def targets(self, table: ArchTable) -> Tensor:
        """(N, rounds * k) float32: what pre-training reconstructs, as the options say."""
        surrogate = self(table)
        return standardised(surrogate) if self.config.standardise else surrogate

    def states(self, table: ArchTable) -> Tensor:
        """(n_nodes, k) of `dtype`: what each node holds after the last pass, in the table's order.

        That is b of the last round; f where `directions` is forward. Not for whole spaces: nothing
        is cut into chunks.
        """
        layout = _Layout.of(table)
        *_, state = self._rounds(layout, _Activate.of(self.config, table.vocabulary))
        # (n_nodes, k') by place, then (n_nodes, k) in the order of the table
        return state.index_select(0, layout.place)[:, : self.config.k]

    def _chunk(self, table: ArchTable, activate: _Activate) -> Tensor:
        """(N, rounds * k): the surrogates of some rows, without the zero columns."""
        layout = _Layout.of(table)
        nodes, offset = layout.sinks if self.config.directions == "forward" else layout.sources
        # pooled at once: the next round changes the state
        of_rounds = [
            self._pooled(state, nodes, offset)[:, : self.config.k]
            for state in self._rounds(layout, activate)
        ]
        return torch.cat(of_rounds, dim=1)

    def _rounds(self, layout: _Layout, activate: _Activate) -> Iterator[Tensor]:
        """(n_nodes, k'): the states after each round, one tensor that the next round changes."""
        # what is read before it is written (sources; sinks of a lone backward pass) starts at r
        state = self._start.repeat(len(layout.ops), 1)
        for _ in range(self.config.rounds):
            if self.config.directions != "backward":
                self._propagate(state, layout.ops, layout.forward, activate)
            if self.config.directions != "forward":
                self._propagate(state, layout.ops, layout.backward, activate)
            yield state

    def _propagate(
        self, state: Tensor, ops: Tensor, steps: list[_Step], activate: _Activate
    ) -> None:
        """One pass, in place: nodes that receive nothing keep what they have."""
        alpha = self.config.alpha
        for nodes, neighbours, offset in steps:
            step_ops = ops[nodes]  # (n,): the operations of the generation's nodes
            message = self._pooled(state, neighbours, offset)  # (n, k')
            if self.config.rescale:
                self._rescale(message)
            # [h, m] W, in two parts
            converted = self._converted.index_select(0, step_ops)
            converted = torch.addmm(converted, message, self._W_message)
            activated = activate(converted, step_ops)
            torch.add(message.mul_(alpha), activated, alpha=1 - alpha, out=state[nodes])

    def _rescale(self, message: Tensor) -> None:
        """Bring messages (n, k') nearer to the length of r, in place; one of 0 stays 0."""
        length = message.norm(dim=1, keepdim=True)
        length.clamp_min_(torch.finfo(length.dtype).tiny)
        message.mul_((self.r.norm() / length) ** self.config.rescale)

    def _pooled(self, state: Tensor, rows: Tensor, offset: Tensor) -> Tensor:
        """(n, k'): state[rows] pooled in consecutive groups that start at `offset` (n,)."""
        if self.config.pooling != "root":
            return embedding_bag(rows, state, offset, mode=self.config.pooling)
        n_pooled = torch.diff(offset, append=offset.new_tensor([len(rows)]))  # (n,)
        root = n_pooled.to(state.dtype).sqrt().unsqueeze(1)
        return embedding_bag(rows, state, offset, mode="sum").div_(root)


# Each works in place where torch can: the conversion's argument is not used again.
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "gelu": gelu,
    "swish": partial(silu, inplace=True),
    "tanh": torch.tanh_,
}


@dataclass(frozen=True)
class _Activate:
    """The activation of every operation."""

    functions: list[Callable[[Tensor], Tensor]]
    """Those that occur."""
    choice: Tensor
    """(n_ops,) int64: which of them each operation takes."""

    @classmethod
    def of(cls, config: SurrogateConfig, vocabulary: Sequence[str]) -> _Activate:
        for op in config.op_activations:
            if op not in vocabulary:
                raise ConfigError(
                    f"op_activations names {op!r}; the table's operations: {', '.join(vocabulary)}"
                )
        names = [config.op_activations.get(op, config.activation) for op in vocabulary]
        different = list(dict.fromkeys(names))
        return cls(
            [ACTIVATIONS[name] for name in different],
            torch.tensor([different.index(name) for name in names]),
        )

    def __call__(self, converted: Tensor, ops: Tensor) -> Tensor:
        """(n, k'): the activation of each row's operation; `converted` may be overwritten."""
        if len(self.functions) == 1:
            return self.functions[0](converted)
        choice = self.choice.index_select(0, ops).unsqueeze(1)  # (n, 1)
        result = torch.empty_like(converted)
        for i, function in enumerate(self.functions):
            torch.where(choice == i, function(converted.clone()), result, out=result)
        return result


# One generation of one pass: the slice of nodes that receive, what they receive from, and where in
# `neighbours` each node's part starts.
_Step = tuple[slice, Tensor, Tensor]


@dataclass(frozen=True)
class _Layout:
    """A table's nodes laid out by generation, sinks last in theirs: each step is one slice."""

    ops: Tensor
    """(n_nodes,) int32: the operation at each place."""
    place: Tensor
    """(n_nodes,) int32: where each node of the table is in the layout."""
    forward: list[_Step]
    backward: list[_Step]
    sources: tuple[Tensor, Tensor]
    """The places of the nodes without predecessors, and where each graph's begin."""
    sinks: tuple[Tensor, Tensor]
    """The same of the nodes without successors."""

    @classmethod
    def of(cls, table: ArchTable) -> _Layout:
        n_nodes = len(table.ops)
        source, target = table.global_edges().astype(np.int32)
        in_ptr = row_ptr(np.bincount(target, minlength=n_nodes)).astype(np.int32)
        incoming = scipy.sparse.csr_array(
            (np.ones(len(source), np.bool_), source, in_ptr), (n_nodes, n_nodes)
        )
        outgoing = incoming.tocsc()  # the same edges by source, without a sort
        is_sink = np.diff(outgoing.indptr) == 0
        # 16 bits where they suffice: NumPy sorts them by radix
        dtype = np.uint16 if table.generation.dtype == np.uint8 else np.int64
        key = 2 * table.generation.astype(dtype) + is_sink
        order = np.argsort(key, kind="stable")
        place = np.empty(n_nodes, np.int32)
        place[order] = np.arange(n_nodes, dtype=np.int32)
        # two keys a generation: its inner nodes begin at starts, its sinks at sink_starts
        n_generations = int(table.generation.max(initial=0)) + 1
        bounds = row_ptr(np.bincount(key, minlength=2 * n_generations)).tolist()
        starts, sink_starts, stops = bounds[:-1:2], bounds[1::2], bounds[2::2]
        forward = _steps(incoming[order], place, zip(starts[1:], stops[1:], strict=True))
        backward = _steps(outgoing.T[order], place, zip(starts, sink_starts, strict=True))
        ops = torch.from_numpy(table.ops[order].astype(np.int32))
        return cls(
            ops,
            torch.from_numpy(place),
            forward,
            backward[::-1],
            _by_graph(table, table.generation == 0, place),
            _by_graph(table, is_sink, place),
        )


def _steps(
    neighbours: scipy.sparse.csr_array,
    place: npt.NDArray[np.int32],
    slices: Iterable[tuple[int, int]],
) -> list[_Step]:
    """A step for each non-empty slice of places; the rows of `neighbours` are nodes by place."""
    ptr = torch.from_numpy(neighbours.indptr)
    source = torch.from_numpy(place[neighbours.indices])  # (n_edges,): places to receive from
    steps = []
    for start, stop in slices:
        if start < stop:
            first, last = neighbours.indptr[[start, stop]].tolist()
            steps.append((slice(start, stop), source[first:last], ptr[start:stop] - first))
    return steps


def _by_graph(
    table: ArchTable, chosen: npt.NDArray[np.bool_], place: npt.NDArray[np.int32]
) -> tuple[Tensor, Tensor]:
    """The places of the chosen nodes, graph after graph, and where each graph's part starts."""
    n_before = row_ptr(chosen)[table.node_ptr[:-1]]
    return torch.from_numpy(place[chosen]), torch.from_numpy(n_before.astype(np.int32))


def standardised(values: Tensor) -> Tensor:
    """(N, d): each column with mean 0 and variance 1; a constant column (a dead relu) becomes 0."""
    if not len(values):
        return values.float()
    wide = values.double()
    centred = wide - wide.mean(dim=0)
    spread = centred.square().mean(dim=0).sqrt()
    # a column that varies by rounding alone is constant
    constant = spread <= 1e-6 * wide.abs().amax(dim=0)
    return torch.where(constant, 0.0, centred / torch.where(constant, 1.0, spread)).float()
