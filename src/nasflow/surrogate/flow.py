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

Where nodes or graphs carry numbers, h[v] = P[x_v] + a[v] Q: a[v] are the node's numbers and those
of its graph in the units of a table (`nasflow.graphs.number_units`), missing ones in columns of
their own, and Q (n_columns, k) ~ N(0, sigma^2) is drawn last. Graphs without numbers have the
surrogates of the paper.

Beyond the paper, as options: another activation than relu, for all operations or for some; messages
summed and divided by the square root of their number (`pooling="root"`), or brought nearer to the
length of r before they are used (`rescale` = q): m[v] (|r| / |m[v]|)^q stands for m[v], and
likewise for m'[v]. That shrinks the logarithm of |m| / |r| by 1 - q at each node, so it stays
bounded at any depth; with q < 1 two equal messages still count more than one
(docs/results/questions/magnitude.md).

How it is fast: [h, m] W = P W[:k] + m W[k:], and P W[:k] is a table of n_ops rows, computed once;
nodes of small graphs are worked on position by position (`by_position`), those of larger ones
generation by generation (`by_generation`), of all graphs at once; a chunk of graphs at a time, so
that their states stay in the processor's cache; one thread works on one such chunk, since NumPy and
SciPy release the interpreter inside each step. Nothing is computed by torch, which takes seconds to
import: it is there for who wants tensors.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from nasflow.errors import DataError
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.running.blas_threads import one_blas_thread, usable_threads
from nasflow.surrogate.activations import Activate, FloatArray
from nasflow.surrogate.by_generation import FlowByGeneration
from nasflow.surrogate.by_position import FlowByPosition, suits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

CHUNK = 8192  # graphs a chunk
WORTH_A_THREAD = 2**17
"""Numbers that a step computes at once: with fewer, threads wait for the interpreter longer than
they compute (k = 7: 2.7 million cells of NAS-Bench-201 a second by two, 3.5 by one; k = 64: 0.42
and 0.25)."""
CHUNK_NODES = 2**17  # and nodes: a chunk of larger graphs would leave the cache


class FlowSurrogate:
    """The flow surrogate of every architecture of a table: a vector of its graph alone.

    Isomorphic graphs have equal surrogates, whatever their node order. Use it as the target that an
    encoder learns to reconstruct; it is no prediction of performance by itself.

    Args:
        n_ops: size of the vocabulary.
        config: width, scale, seed and variant.
        dtype: float32, or float64 where it matters whether two surrogates are equal, which takes
            twice as long; of torch, or by its name.
        n_later_ops: how many operations at the end of the vocabulary have their rows of P drawn
            last, so that the draw of the others is that of a vocabulary without them.
        units: how the numbers of nodes and graphs are seen; by default those of the table that it
            is called with, each time anew.

    Attributes:
        r, P, W: the random draws as tensors, bit-compatible with the published order:
            `RandomState(seed)`, then uniform(k) = r, a uniform(k) that is not used, normal(n_ops,
            k) = P, normal(2k, k) = W.

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
        dtype: torch.dtype | str = "float32",
        n_later_ops: int = 0,
        units: NumberUnits | None = None,
    ) -> None:
        self.config = config = config or SurrogateConfig()
        # torch's own are printed as torch.float32
        self._dtype = np.dtype(str(dtype).removeprefix("torch."))
        k, rng = config.k, np.random.RandomState(config.seed)
        self._r = rng.uniform(0, 1, k).astype(self._dtype)
        rng.uniform(0, 1, k)  # drawn and not used, as published: P and W follow it
        P = rng.normal(0, config.sigma, (n_ops - n_later_ops, k))
        W = rng.normal(0, config.sigma, (2 * k, k))
        later = rng.normal(0, config.sigma, (n_later_ops, k))
        self._P = np.concatenate([P, later]).astype(self._dtype)  # (n_ops, k)
        self._W = W.astype(self._dtype)  # (2k, k)
        self._parts = (config, self._r, self._P @ self._W[:k], self._W[k:])
        self._units = units
        self._after = rng.get_state()  # where the draw of Q begins, whose size tables decide

    @property
    def r(self) -> Tensor:
        """(k,) what nodes have that receive nothing."""
        return _tensor(self._r)

    @property
    def P(self) -> Tensor:  # noqa: N802 - the letter of the paper
        """(n_ops, k) the vector of each operation."""
        return _tensor(self._P)

    @property
    def W(self) -> Tensor:  # noqa: N802 - the letter of the paper
        """(2k, k) the matrix of conversions."""
        return _tensor(self._W)

    def __call__(self, table: ArchTable) -> Tensor:
        """(N, rounds * k) of `dtype`: `values` as a tensor, on as many threads as torch has."""
        import torch  # here: only who wants a tensor waits for it

        return torch.from_numpy(self.values(table, torch.get_num_threads()))

    def values(self, table: ArchTable, n_threads: int | None = None) -> FloatArray:
        """(N, rounds * k) of `dtype`: the raw surrogate of every row, round after round.

        Args:
            table: the architectures.
            n_threads: how many threads work on it, a chunk each; by default those of NumPy's
                algebra.

        Raises:
            ConfigError: an activation for an operation that the table does not know.
            DataError: the table has another vocabulary size than the draw, or a value overflows (a
                deep graph with a large sigma).
        """
        if table.n_ops != len(self._P):
            raise DataError(
                f"the surrogate was drawn for {len(self._P)} operations, the table has"
                f" {table.n_ops}"
            )
        activate = Activate.of(self.config, table.vocabulary)
        units = self._units_of(table)
        surrogate = self._empty(len(table))
        if not len(table):
            return surrogate

        n_rows = min(CHUNK, max(1, CHUNK_NODES * len(table) // len(table.ops)))

        def fill(start: int) -> None:
            rows = slice(start, start + n_rows)
            surrogate[rows] = self._surrogates(table[rows], activate, units)

        starts = range(0, len(table), n_rows)
        n_workers = min(n_threads or usable_threads(), len(starts))
        if n_rows * self.config.k < WORTH_A_THREAD:
            n_workers = 1
        # small matrices: more threads inside each step would only wait for each other
        with one_blas_thread():
            if n_workers == 1:
                for start in starts:
                    fill(start)
            else:
                with ThreadPoolExecutor(n_workers) as pool:
                    list(pool.map(fill, starts))
        # the largest is NaN where one is, and one look is enough where all is well
        if not np.isfinite(np.abs(surrogate).max()):
            row = int(np.flatnonzero(~np.isfinite(surrogate).all(axis=1))[0])
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
        activate = Activate.of(self.config, table.vocabulary)
        added = self._added(table, self._units_of(table))
        return _tensor(FlowByGeneration(*self._parts).states(table, activate, added))

    def _units_of(self, table: ArchTable) -> NumberUnits:
        """How the table's numbers are seen.

        Raises:
            GraphError: a number that the units do not know.
        """
        return NumberUnits.of(table) if self._units is None else self._units

    def _added(self, table: ArchTable, units: NumberUnits) -> FloatArray | None:
        """(n_nodes, k): what numbers add to [h, .] W at each node, a Q W[:k]; None without any."""
        if not units:
            # a number that nothing stands for is refused
            table.with_numbers((), ())
            return None
        k, rng = self.config.k, np.random.RandomState()
        rng.set_state(self._after)
        n_columns = units.n_node_columns + units.n_graph_columns
        Q = rng.normal(0, self.config.sigma, (n_columns, k)).astype(self._dtype)
        of_graphs = units.graphs(table)[table.node_graph]
        numbers = np.hstack([units.nodes(table), of_graphs])  # (n_nodes, n_columns)
        added: FloatArray = numbers.astype(self._dtype) @ (Q @ self._W[:k])
        return added

    def _surrogates(self, table: ArchTable, activate: Activate, units: NumberUnits) -> FloatArray:
        """(N, rounds * k): the surrogates of some rows, each in the way that suits it."""
        added = self._added(table, units)
        # told at the end, with the row; each thread has its own setting
        with np.errstate(over="ignore", invalid="ignore"):
            if added is not None:
                return FlowByGeneration(*self._parts).surrogates(table, activate, added)
            suited = suits(table, self.config)
            if suited.all():
                return FlowByPosition(*self._parts).surrogates(table, activate)
            surrogate = self._empty(len(table))
            by_generation = FlowByGeneration(*self._parts)
            surrogate[~suited] = by_generation.surrogates(table[~suited], activate)
            if suited.any():
                by_position = FlowByPosition(*self._parts)
                surrogate[suited] = by_position.surrogates(table[suited], activate)
            return surrogate

    def _empty(self, n_rows: int) -> FloatArray:
        return np.empty((n_rows, self.config.rounds * self.config.k), self._dtype)


def _tensor(values: FloatArray) -> Tensor:
    """The values as a tensor."""
    import torch  # see `FlowSurrogate.__call__`

    return torch.from_numpy(values)


def standardised(values: Tensor) -> Tensor:
    """(N, d): each column with mean 0 and variance 1; a constant column (a dead relu) becomes 0."""
    import torch  # see `FlowSurrogate.__call__`

    if not len(values):
        return values.float()
    wide = values.double()
    centred = wide - wide.mean(dim=0)
    spread = centred.square().mean(dim=0).sqrt()
    # a column that varies by rounding alone is constant
    constant = spread <= 1e-6 * wide.abs().amax(dim=0)
    return torch.where(constant, 0.0, centred / torch.where(constant, 1.0, spread)).float()
