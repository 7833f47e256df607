"""Mutated files and graphs against every reader and importer.

    python tests/fuzz/fuzz_readers.py --inputs 200000 --seed 0

Each input must end in a valid table or architecture, or in a typed error: never in another
exception, never in a hang. Input number i of a seed is the same everywhere, so a failure is
repeated with `--seed S --first i --inputs 1`.
"""

from __future__ import annotations

import argparse
import base64
import bz2
import faulthandler
import io
import json
import operator
import pickle
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import miniatures
from nasflow.datasets.base import Dataset
from nasflow.datasets.importing import read_table
from nasflow.datasets.readers.crc32c import masked_crc32c
from nasflow.errors import NasflowError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.importers import from_networkx, from_onnx, from_pyg, from_torch
from nasflow.importers.mapping import read_mapping

HANG_SECONDS = 10.0  # of CPU time: a busy machine is no hang
Rng = np.random.Generator


class Hang(BaseException):
    """An input that takes too long; no `except Exception` may catch it."""


# -- mutations
# ------------------------------------------------------------------------------------------------

_NUMBERS = [
    b"-1",
    b"0",
    b"1e400",
    b"NaN",
    b"-Infinity",
    b"99999999999999999999",
    b"null",
    b"true",
    b'""',
    b"[]",
    b"{}",
    b"0.5",
    b"[[[[[[[[",
    b"9" * 5000,
    b'"\\ud800"',
    b"\xff",
]

# of the cases in `mutated`; a cut leaves little to find
_SHARES = [0.2, 0.2, 0.1, 0.05, 0.1, 0.02, 0.05, 0.08, 0.2]


def mutated(data: bytes, rng: Rng) -> bytes:
    """The bytes after a few small changes (half of the time one): a byte, a run, a copied piece, a
    number, a cut.
    """
    content = bytearray(data)
    for _ in range(int(rng.geometric(0.5))):
        size = max(len(content), 1)
        at, other, length = (int(n) for n in rng.integers(0, [size, size, min(size, 40) + 1]))
        match int(rng.choice(9, p=_SHARES)):
            case 0:
                content[at : at + 1] = bytes([int(rng.integers(256))])
            case 1:
                content[at : at + 1] = bytes(
                    [(content[at] if content else 0) ^ (1 << int(rng.integers(8)))]
                )
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[other : other + length]
            case 4:
                content[at : at + length] = content[other : other + length]
            case 5:
                del content[at:]
            case 6:
                content[at : at + 8] = bytes(int(rng.choice([0, 255])) for _ in range(8))
            case 7:
                content[at : at + length] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
            case 8:
                digits = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
                if digits:
                    start = digits[int(rng.integers(len(digits)))]
                    content[start : start + 1] = _NUMBERS[int(rng.integers(len(_NUMBERS)))]
    return bytes(content)


# -- files: a format, a name, and a function that makes a mutated file
# -------------------------------------------


def _small_nats() -> dict[str, Any]:
    whole = miniatures.nats_whole(miniatures.CELLS_201[:1])
    for state in whole["arch2infos"][0].values():
        state["all_results"] = {
            key: state["all_results"][key] for key in (("cifar10", 777), ("cifar100", 777))
        }
        state["dataset_seed"] = {"cifar10": [777], "cifar100": [777]}
    return whole


@cache
def _seed(name: str) -> bytes:
    """The untouched content of a target."""
    if name == "nats-pickle":
        return pickle.dumps(_small_nats(), protocol=4)
    if name == "nats-pickle2":
        return pickle.dumps(_small_nats(), protocol=2)
    if name == "pth-pickle":
        with zipfile.ZipFile(io.BytesIO(miniatures.nb201_pth(zipped=True))) as archive:
            return archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    if name == "pyg-pickle":
        with zipfile.ZipFile(io.BytesIO(miniatures.pyg_pt())) as archive:
            return archive.read(next(n for n in archive.namelist() if n.endswith("data.pkl")))
    if name == "record":
        return miniatures.record_101(miniatures.CELLS_101[0], 108, 0.9)
    if name == "metrics":
        return miniatures.metrics_message(0.9, 108)
    if name == "onnx":
        return _onnx()
    if name == "mapping":
        return b"conv: conv3x3\nrelu6: ignore\n'on': skip\n"
    if name == "nats":
        return bz2.compress(_seed("nats-pickle"))
    data: bytes = miniatures.SINGLE_FILES[name][2]()
    return data


def _framed(record: bytes) -> bytes:
    """A TFRecord file of one good record and this one, with right checksums."""
    parts = []
    for content in (_seed("record"), record):
        length = len(content).to_bytes(8, "little")
        crcs = [int(crc).to_bytes(4, "little") for crc in masked_crc32c([length, content])]
        parts += [length, crcs[0], content, crcs[1]]
    return b"".join(parts)


def _metrics(rng: Rng) -> bytes:
    record = json.loads(_seed("record"))
    record[0], record[4] = "other", base64.b64encode(mutated(_seed("metrics"), rng)).decode()
    return _framed(json.dumps(record).encode())


def _torch_zip(which: str, content: bytes) -> bytes:
    """The torch file with another data.pkl in it."""
    out = io.BytesIO()
    source = miniatures.pyg_pt() if which == "pyg" else b""
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        if source:
            with zipfile.ZipFile(io.BytesIO(source)) as original:
                for name in original.namelist():
                    if "/data/" in name:
                        archive.writestr(name, original.read(name))
    return out.getvalue()


def _raw(name: str) -> Callable[[Rng], bytes]:
    return lambda rng: mutated(_seed(name), rng)


FILES: dict[str, tuple[str, str, Callable[[Rng], bytes]]] = {
    **{
        name: (fmt, file, _raw(name))
        for name, (fmt, file, _) in miniatures.SINGLE_FILES.items()
        if name not in ("nb201-zip", "nb201-2020")
    },
    "record": ("nb101-tfrecord", "a.tfrecord", lambda rng: _framed(mutated(_seed("record"), rng))),
    "metrics": ("nb101-tfrecord", "a.tfrecord", _metrics),
    "nats-pickle": (
        "nats",
        "a.pickle.pbz2",
        lambda rng: bz2.compress(mutated(_seed("nats-pickle"), rng), 1),
    ),
    "nats-pickle2": (
        "nats",
        "a.pickle.pbz2",
        lambda rng: bz2.compress(mutated(_seed("nats-pickle2"), rng), 1),
    ),
    "pth-pickle": (
        "nb201-pth",
        "a.pth",
        lambda rng: _torch_zip("pth", mutated(_seed("nats-pickle2"), rng)),
    ),
    "pyg-pickle": ("pyg", "a.pt", lambda rng: _torch_zip("pyg", mutated(_seed("pyg-pickle"), rng))),
    "csv.gz": ("csv", "a.csv.gz", lambda rng: mutated(_gzip(_seed("csv")), rng)),
}


def _gzip(data: bytes) -> bytes:
    import gzip

    return gzip.compress(data, mtime=0)


def _read(label: str, rng: Rng, folder: Path) -> Dataset:
    fmt, name, make = FILES[label]
    path = folder / name
    path.write_bytes(make(rng))
    return read_table(fmt, path)


# -- graphs for the importers
# -------------------------------------------------------------------------------------


@cache
def _onnx() -> bytes:
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.0] * 216)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("y", TensorProto.FLOAT, [1, 8, 6, 6])],
        [weight],
    )
    return bytes(helper.make_model(graph).SerializeToString())


def _cycles(rng: Rng) -> str:
    return str(rng.choice(["refuse", "condense", "condense", "other"], p=[0.3, 0.3, 0.39, 0.01]))


def _import_onnx(rng: Rng, folder: Path) -> Architecture:
    (folder / "a.onnx").write_bytes(mutated(_seed("onnx"), rng))
    return from_onnx(folder / "a.onnx", cycles=_cycles(rng))


def _edges(rng: Rng, n_nodes: int) -> list[tuple[int, int]]:
    n_edges = int(rng.integers(0, 2 * n_nodes + 1))
    slack = int(rng.random() < 0.05)
    return [(int(s), int(t)) for s, t in rng.integers(-slack, n_nodes + slack, size=(n_edges, 2))]


def _import_networkx(rng: Rng, _folder: Path) -> Architecture:
    import networkx as nx

    kinds = [nx.DiGraph, nx.DiGraph, nx.DiGraph, nx.MultiDiGraph, nx.Graph]
    graph = kinds[int(rng.integers(len(kinds)))]()
    n_nodes = int(rng.integers(0, 20))
    names = [
        "input",
        "conv",
        "output",
        "none",
        "skip",
        *([None, 3, ""] if rng.random() < 0.1 else []),
    ]
    for node in range(n_nodes):
        graph.add_node(node, op=names[int(rng.integers(len(names)))])
    graph.add_edges_from(_edges(rng, max(n_nodes, 1)))
    ignored = {"conv": "ignore"} if rng.random() < 0.3 else {}
    return from_networkx(graph, mapping=ignored, cycles=_cycles(rng))


def _import_pyg(rng: Rng, _folder: Path) -> Architecture:
    import torch
    from torch_geometric.data import Data

    n_nodes = int(rng.integers(0, 12))
    if rng.random() < 0.5:
        scale = float(rng.choice([1.0, 1.0, 1.0, 2.0, np.nan]))
        x = torch.eye(5)[torch.from_numpy(rng.integers(0, 5, n_nodes))] * scale
    else:
        x = torch.from_numpy(rng.integers(-1 if rng.random() < 0.1 else 0, 9, n_nodes))
    edges = torch.tensor(_edges(rng, max(n_nodes, 1)), dtype=torch.long).reshape(-1, 2).T
    data = Data(x=x, edge_index=edges if rng.random() < 0.9 else edges.float())
    return from_pyg(
        data,
        names=["a", "b", "c", "d", "e"][: int(rng.integers(3, 6))] if rng.random() < 0.5 else None,
        cycles=_cycles(rng),
    )


def _import_torch(rng: Rng, _folder: Path) -> Architecture:
    import torch
    from torch import fx, nn

    functions = [
        operator.add,
        torch.relu,
        torch.cat,
        operator.getitem,
        getattr,
        torch.conv2d,
        nn.functional.max_pool2d,
        nn.functional.hardtanh,
        len,
        print,
        torch.flatten,
        nn.functional.adaptive_avg_pool2d,
    ]
    graph = fx.Graph()
    nodes = [graph.placeholder(f"x{i}") for i in range(int(rng.integers(0, 3)))]
    for _ in range(int(rng.integers(0, 8))):
        arguments = tuple(
            (
                nodes[int(rng.integers(len(nodes)))]
                if nodes and rng.random() < 0.7
                else [3, "T", (1, 1), None][int(rng.integers(4))]
            )
            for _ in range(int(rng.integers(0, 4)))
        )
        if rng.random() < 0.2:
            nodes.append(
                graph.call_method(str(rng.choice(["view", "size", "relu_", "oddity"])), arguments)
            )
        else:
            nodes.append(
                graph.call_function(functions[int(rng.integers(len(functions)))], arguments)
            )
    graph.output(tuple(nodes[-2:]))
    module = fx.GraphModule(nn.Module(), fx.Graph())
    module._graph = (
        graph  # the setter would compile the graph's code, which here need not make sense
    )
    return from_torch(module, {"oddity": "relu"} if rng.random() < 0.5 else None)


def _import_mapping(rng: Rng, folder: Path) -> dict[str, str]:
    (folder / "map.yaml").write_bytes(mutated(_seed("mapping"), rng))
    return read_mapping(folder / "map.yaml")


IMPORTERS: dict[str, Callable[[Rng, Path], Any]] = {
    "onnx": _import_onnx,
    "networkx": _import_networkx,
    "pyg-data": _import_pyg,
    "torch": _import_torch,
    "mapping": _import_mapping,
}
TARGETS = [*FILES, *IMPORTERS]


# -- the run
# --------------------------------------------------------------------------------------------------------


def check(result: Any) -> None:
    """Assert that what came back is valid: the graphs by checking them anew, the values by their
    shape.
    """
    if isinstance(result, Dataset):
        table = result.table
        again = ArchTable.from_arrays(
            table.vocabulary, table.ops, table.node_ptr, table.edges, table.edge_ptr
        )
        assert len(table)
        assert (again.generation == table.generation).all()
        assert all(
            len(values) == len(table) and not np.isinf(values).any()
            for values in result.values.values()
        )
        assert set(result.metrics) == set(result.values)
    elif isinstance(result, Architecture):
        assert Architecture(result.ops, result.edges) == result
    else:
        assert isinstance(result, dict)


def attempt(label: str, rng: Rng, folder: Path) -> str:
    """ "valid" or the name of the typed error that one input ends in; anything else is raised."""
    try:
        result = IMPORTERS[label](rng, folder) if label in IMPORTERS else _read(label, rng, folder)
    except NasflowError as error:
        return type(error).__name__ if str(error) else "FAILED: an error without a message"
    check(result)
    return "valid"


def warm_up(folder: Path) -> None:
    """Import and build what the targets share, so that no input is blamed for it."""
    for number, label in enumerate(TARGETS):
        attempt(label, np.random.default_rng(number), folder)


def fuzz(
    n_inputs: int, seed: int, folder: Path, first: int = 0
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Outcomes of `n_inputs` inputs, counted by target and outcome, and a report on each that
    failed.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    failures = []

    def hang(*_: object) -> None:
        raise Hang

    previous = signal.signal(signal.SIGPROF, hang)
    try:
        for number in range(first, first + n_inputs):
            label = TARGETS[number % len(TARGETS)]
            signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
            try:
                outcomes[label, attempt(label, np.random.default_rng([seed, number]), folder)] += 1
            except (Exception, Hang) as error:  # whatever it is, it is a failure to report
                outcomes[label, "FAILED"] += 1
                failures.append(
                    f"{label}, --seed {seed} --first {number} --inputs 1: {type(error).__name__}\n"
                    f"{traceback.format_exc(limit=-6)}"
                )
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        signal.signal(signal.SIGPROF, previous)
    return outcomes, failures


def main() -> int:
    """Run, print the outcomes by target, and return 1 if any input failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    arguments = parser.parse_args()
    faulthandler.enable()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nasflow-fuzz-") as folder:
        warm_up(Path(folder))
        outcomes: Counter[tuple[str, str]] = Counter()
        failures: list[str] = []
        done = 0
        while done < arguments.inputs and len(failures) < 20:
            size = min(2000, arguments.inputs - done)
            more, failed = fuzz(size, arguments.seed, Path(folder), arguments.first + done)
            outcomes += more
            failures += failed
            done += size
            print(
                f"\r{done:,} inputs, {len(failures)} failures, {time.monotonic() - started:.0f} s",
                end="",
                file=sys.stderr,
            )
    print(file=sys.stderr)
    for label in TARGETS:
        counts = ", ".join(
            f"{what} {n:,}" for (name, what), n in sorted(outcomes.items()) if name == label
        )
        print(f"{label:15} {counts}")
    print(f"{done:,} inputs in {time.monotonic() - started:.0f} s: {len(failures)} failed")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
