"""The files that random commands are about: small ones, some of them odd, all made here.

Each command gets a fresh copy as its working folder, so that none sees what another left.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from fuzz.graphs import onnx_bytes
from nasflow import EncoderConfig, FitConfig, Predictor, PretrainConfig, SurrogateConfig
from nasflow.cli import main
from nasflow.datasets import Dataset, Metric
from nasflow.datasets.proxy_table import ProxyTable
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.search.problem import Problem
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.study import Study
from nasflow.spaces import load_space

REPOSITORY = Path(__file__).parents[2]
N_ROWS = 16

SPACE = "ops: [a, b, c]\nn_nodes: 3\nedges: chain\n"
ENCODER = """
import torch

from nasflow.encoders.base import NodeEncoder


class Own(NodeEncoder):
    def __init__(self, n_ops, config):
        super().__init__(n_ops, config)
        self.table = torch.nn.Embedding(n_ops + 1, config.width)

    def nodes(self, batch):
        return self.table(batch.ops)


class Odd(NodeEncoder):
    pass


class NoEncoder:
    pass
"""
# what YAML makes of it is another thing than what was meant, or nothing at all
CONFIGS = {
    "good.yaml": "out: named.npz\n",
    "comment.yaml": "# nothing\n",
    "seed.yaml": "seed: 3\n",
    "stage.yaml": "surrogate: {k: 3}\n",
    "unknown.yaml": "nothing_like_it: 3\nfit.epoch: 2\n",
    "syntax.yaml": "a: [1, 2\nb: }\n",
    "list.yaml": "- 1\n- 2\n",
    "text.yaml": "just words\n",
    "itself.yaml": "a: &a [*a]\n",
    "tag.yaml": "encoder: !!python/object/apply:os.getcwd []\n",
    "nested.yaml": "fit: {epochs: {a: 1}}\nencoder: {name: [gin]}\nseed: .nan\n",
    "empty.yaml": "",
}
NOTHING = (
    "empty.jsonl",
    "empty.csv",
    "empty.npz",
    "empty.safetensors",
    "empty.db",
    "empty.jsonl.gz",
)
FOLDERS = ("folder", "folder.jsonl", "folder.npz", "folder.db")


def records(n: int = N_ROWS) -> list[dict[str, Any]]:
    """Chains and ladders of four operations, with three columns."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(n):
        middle = [
            str(op) for op in rng.choice(["conv", "pool", "skip"], size=int(rng.integers(1, 4)))
        ]
        ops = ["input", *middle, "output"]
        edges = [[i, i + 1] for i in range(len(ops) - 1)]
        if rng.random() < 0.5:
            edges.append([0, len(ops) - 1])
        worth = middle.count("conv") + 0.1 * float(rng.normal())
        rows.append({"ops": ops, "edges": edges, "accuracy": 60 + worth, "latency": 9 - worth})
    return rows


def make_files(folder: Path) -> None:
    """Make all of them in a folder that is there."""
    _texts(folder)
    _tables(folder)
    _models(folder)
    _results(folder)
    _study(folder / "study.db")
    for name in FOLDERS:
        (folder / name).mkdir()
        (folder / name / "within").write_text("something")
    for path in (REPOSITORY / "tests" / "golden" / "v1").glob("*.[sd][ab]*"):
        shutil.copy(path, folder / f"v1-{path.name}")


def _texts(folder: Path) -> None:
    rows = records()
    _jsonl(folder / "own.jsonl", rows)
    for name in ("naïve ünï.jsonl", "[bold]x.jsonl", "two\nlines.jsonl", "-dash.jsonl"):
        _jsonl(folder / name, rows)
    _jsonl(folder / "one.jsonl", rows[:1])
    _jsonl(folder / "unlabelled.jsonl", [_without(row, "accuracy", "latency") for row in rows])
    _jsonl(folder / "constant.jsonl", [{**row, "accuracy": 1.0} for row in rows])
    _jsonl(
        folder / "few.jsonl",
        [_without(row, "accuracy") if i else row for i, row in enumerate(rows)],
    )
    _jsonl(
        folder / "huge.jsonl",
        [{**row, "accuracy": 1e308 * (-1) ** i} for i, row in enumerate(rows)],
    )
    _jsonl(folder / "markup.jsonl", [_renamed(row, "[/b]<b>%{x}\n") for row in rows])
    _jsonl(folder / "halves.jsonl", [_renamed(row, "\udcff") for row in rows])
    _jsonl(folder / "same.jsonl", [rows[0] for _ in rows])
    text = (folder / "own.jsonl").read_text()
    (folder / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (folder / "utf16.jsonl").write_bytes(text.encode("utf-16"))
    (folder / "infinite.jsonl").write_text(text.replace('"latency": ', '"latency": 1e999, "x": '))
    (folder / "cut.jsonl").write_text(text[:-20])
    (folder / "deep.jsonl").write_text("[" * 100_000)
    (folder / "own.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(text.encode())[:-30])
    _csv(folder / "own.csv", rows, "accuracy [%]")
    _csv(folder / "less.csv", rows, "accuracy [ms, min]")
    (folder / "header.csv").write_text((folder / "own.csv").read_text().partition("\n")[0] + "\n")
    (folder / "crlf.csv").write_text((folder / "own.csv").read_text().replace("\n", "\r\n"))
    (folder / "space.yaml").write_text(SPACE)
    (folder / "encoder.py").write_text(ENCODER)
    (folder / "train.py").write_text("def worth(architecture):\n    return len(architecture.ops)\n")
    (folder / "broken.py").write_text("def worth(architecture:\n")
    for name, content in CONFIGS.items():
        (folder / name).write_text(content)
    for name in NOTHING:
        (folder / name).write_bytes(b"")
    for name in ("garbage.npz", "garbage.csv", "garbage.safetensors", "garbage.db", "garbage.yaml"):
        (folder / name).write_bytes(np.random.default_rng(1).bytes(2000))


def _tables(folder: Path) -> None:
    rows = records()
    table = ArchTable.from_architectures([Architecture(row["ops"], row["edges"]) for row in rows])
    accuracy = np.array([row["accuracy"] for row in rows])
    metrics = {
        "accuracy": Metric("accuracy", "made up", "%"),
        "latency": Metric("latency", "made up", "ms", maximise=False),
        "size": Metric("size", "made up", trained=False),
    }
    values = {"accuracy": accuracy, "latency": 70 - accuracy, "size": np.arange(len(rows)) % 5.0}
    Dataset("own", table, metrics, values).save(folder / "own.npz")
    (folder / "net.onnx").write_bytes(onnx_bytes())
    nowhere = {name: np.full(len(rows), np.nan) for name in values}
    Dataset("unmeasured", table, metrics, nowhere).save(folder / "unmeasured.npz")
    none = {name: column[:0] for name, column in values.items()}
    Dataset("none", table[:0], metrics, none).save(folder / "none.npz")
    Dataset("bare", table, {}, {}).save(folder / "bare.npz")
    ids, first = np.unique(ProxyTable.ids_of(table.canonical_ids), return_index=True)
    sizes = {"size": np.diff(table.node_ptr)[first].astype(float)}
    ProxyTable(ids, {"size": metrics["size"]}, sizes).save(folder / "proxies.npz")
    content = (folder / "own.npz").read_bytes()
    (folder / "cut.npz").write_bytes(content[: len(content) // 2])
    np.savez(folder / "foreign.npz", a=np.arange(3), b=np.array(["x"]))


def _models(folder: Path) -> None:
    rows = records()
    table = ArchTable.from_architectures([Architecture(row["ops"], row["edges"]) for row in rows])
    predictor = Predictor(
        encoder=EncoderConfig("gin", width=4, n_layers=1),
        surrogate=SurrogateConfig(k=2),
        pretrain=PretrainConfig(epochs=1, batch_size=16),
        fit=FitConfig(epochs=1),
    )
    predictor.pretrain(table)
    predictor.save(folder / "pretrained.safetensors")
    predictor.fit(table, [row["accuracy"] for row in rows])
    predictor.save(folder / "fitted.safetensors")
    content = (folder / "fitted.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(content[:-100])


def _results(folder: Path) -> None:
    """A folder of `evaluate`, two damaged ones, and a page of `reproduce`."""
    words = "evaluate own.jsonl --metric accuracy --methods none,flow --out evaluated --jobs 1"
    words += " --splits [1] --seeds [1] --ratio 0.5 --n_validation 2 --surrogate.k 2"
    words += " --encoder.width 4 --encoder.n_layers 1 --pretrain.epochs 1 --fit.epochs 1"
    main(words.split())
    shutil.copytree("evaluated", folder / "bare-results")
    shutil.rmtree(folder / "bare-results" / "predictions")
    shutil.copytree("evaluated", folder / "damaged-results")
    for path in (folder / "damaged-results" / "predictions").iterdir():
        path.write_bytes(b"nothing")
    manifest = json.loads((folder / "damaged-results" / "manifest.json").read_text())
    manifest["metric"]["name"] = "[/b] %{x} \udcff"
    (folder / "damaged-results" / "manifest.json").write_text(
        json.dumps({**manifest, "machine": 3})
    )
    kept = REPOSITORY / "docs" / "results" / "reproduce"
    pages = folder / "pages"
    pages.mkdir()
    for path in kept.glob("pooling*"):
        shutil.copy(path, pages)
    runs = json.loads((pages / "pooling-manifest.json").read_text())["runs"]
    lines = (kept / "runs.jsonl").read_text().splitlines(keepends=True)
    (pages / "runs.jsonl").write_text(
        "".join(line for line in lines if json.loads(line)["key"] in runs)
    )
    (pages / "other-manifest.json").write_text("{}")


def _study(path: Path) -> None:
    study = Study(
        path, Problem(load_space(str(path.parent / "space.yaml"))), SearchConfig("random")
    )
    for value in (0.5, 0.7, 0.6):
        (trial,) = study.ask(1)
        study.tell(trial, value)


def _jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _csv(path: Path, rows: list[dict[str, Any]], title: str) -> None:
    """A table whose column of accuracies has a title of its own."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ops", "edges", title, "latency [ms, min]"])
        for row in rows:
            graph = [json.dumps(row["ops"]), json.dumps(row["edges"])]
            writer.writerow([*graph, row["accuracy"], row["latency"]])


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _renamed(row: dict[str, Any], name: str) -> dict[str, Any]:
    ops = [name if op == "conv" else op for op in row["ops"]]
    return {**row, "ops": ops, name: row["accuracy"]}
