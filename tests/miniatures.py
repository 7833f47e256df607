"""Small files in the official formats, with the formats' own field names, byte for byte as their
readers expect.

The official files take gigabytes; each function here writes what the benchmark's own scripts would
have written for a handful of architectures. Checksums, protobuf messages, pickles and torch files
come from other code than the readers'.
"""

from __future__ import annotations

import base64
import bz2
import io
import json
import pickle
import struct
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from typing import Any

CELLS_101 = (
    # hash (any text will do), matrix row by row, operations
    ("aa01", "0100001000010000", "input,conv3x3-bn-relu,maxpool3x3,output"),
    ("aa02", "011001000", "input,conv1x1-bn-relu,output"),
    ("aa03", "0100", "input,output"),
)
CELLS_201 = (
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
)
SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}

# -- NAS-Bench-101
# --------------------------------------------------------------------------------------------


@cache
def model_metrics() -> Any:
    """The class of `ModelMetrics` messages, made by Google's own library from the published
    .proto.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="model_metrics.proto", package="nasbench", syntax="proto2"
    )
    field = descriptor_pb2.FieldDescriptorProto
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluation_data",
        number=1,
        label=field.LABEL_REPEATED,
        type=field.TYPE_MESSAGE,
        type_name=".nasbench.EvaluationData",
    )
    metrics.field.add(
        name="trainable_parameters", number=2, label=field.LABEL_OPTIONAL, type=field.TYPE_INT32
    )
    metrics.field.add(
        name="total_time", number=3, label=field.LABEL_OPTIONAL, type=field.TYPE_DOUBLE
    )
    evaluation = file.message_type.add(name="EvaluationData")
    names = (
        "current_epoch",
        "training_time",
        "train_accuracy",
        "validation_accuracy",
        "test_accuracy",
    )
    for number, name in enumerate(names, start=1):
        evaluation.field.add(
            name=name, number=number, label=field.LABEL_OPTIONAL, type=field.TYPE_DOUBLE
        )
    evaluation.field.add(
        name="checkpoint_path", number=6, label=field.LABEL_OPTIONAL, type=field.TYPE_STRING
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbench.ModelMetrics"))


def metrics_message(accuracy: float, epochs: int, params: int = 1234) -> bytes:
    """A serialised `ModelMetrics` of one training: at the start, half way (0.1 less), at the
    end.
    """
    message = model_metrics()(trainable_parameters=params, total_time=99.5)
    for share, value in ((0.0, 0.1), (0.5, accuracy - 0.1), (1.0, accuracy)):
        message.evaluation_data.add(
            current_epoch=share * epochs,
            training_time=share * epochs * 10,
            train_accuracy=min(value + 0.01, 1.0),
            validation_accuracy=value,
            test_accuracy=value - 0.01,
            checkpoint_path="/model.ckpt-1",
        )
    return bytes(message.SerializeToString())


def crc_of(data: bytes) -> int:
    """Masked CRC-32C, one bit at a time."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    crc = register ^ 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def framed(records: Sequence[bytes]) -> bytes:
    """A TFRecord file of some records."""
    parts = []
    for record in records:
        length = struct.pack("<Q", len(record))
        parts += [
            length,
            struct.pack("<I", crc_of(length)),
            record,
            struct.pack("<I", crc_of(record)),
        ]
    return b"".join(parts)


def record_101(
    cell: tuple[str, str, str], epochs: int, accuracy: float, params: int = 1234
) -> bytes:
    """One record of NAS-Bench-101: JSON of hash, epochs, matrix, operations, base64 metrics."""
    metrics = base64.b64encode(metrics_message(accuracy, epochs, params)).decode("ascii")
    return json.dumps([cell[0], epochs, cell[1], cell[2], metrics]).encode()


def nb101_tfrecord() -> bytes:
    """Three cells, 4 and 108 epochs, three repeats each, as `nasbench_full.tfrecord` has them."""
    return framed(
        [
            record_101(
                cell, epochs, 0.8 + 0.03 * i + 0.001 * repeat + epochs / 1e4, params=1000 + i
            )
            for i, cell in enumerate(CELLS_101)
            for epochs in (4, 108)
            for repeat in range(3)
        ]
    )


# -- NAS-Bench-201, NATS-Bench
# ----------------------------------------------------------------------------------


def trial(dataset: str, seed: int, epochs: int, accuracy: float) -> dict[str, Any]:
    """The state of a `ResultsCount`."""
    per_epoch = OrderedDict((e, accuracy - (epochs - 1 - e) * 0.5) for e in range(epochs))
    keys = [f"{name}@{e}" for name in SETS[dataset] for e in range(epochs)]
    bonus = {name: i * 0.25 for i, name in enumerate(SETS[dataset])}
    evaluated = {key: per_epoch[int(key.split("@")[1])] - bonus[key.split("@")[0]] for key in keys}
    return {
        "name": dataset,
        "net_state_dict": None,
        "train_acc1es": OrderedDict((e, v + 1) for e, v in per_epoch.items()),
        "train_acc5es": per_epoch,
        "train_losses": per_epoch,
        "train_times": OrderedDict((e, 2.0) for e in per_epoch),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": "...", "class_num": 10},
        "params": 0.129306,
        "flop": 19.248832,
        "seed": seed,
        "epochs": epochs,
        "latency": [0.01, 0.03],
        "eval_names": list(SETS[dataset]),
        "eval_acc1es": evaluated,
        "eval_times": dict.fromkeys(keys, 0.5),
        "eval_losses": dict.fromkeys(keys, 1.5),
    }


def architecture_state(index: int, name: str, epochs: int, seeds: Sequence[int]) -> dict[str, Any]:
    """The state of an `ArchResults`."""
    return {
        "arch_index": index,
        "arch_str": name,
        "clear_net_done": True,
        "all_results": {
            (dataset, seed): trial(dataset, seed, epochs, 60 + index * 10 + seed / 1000)
            for dataset in SETS
            for seed in seeds
        },
        "dataset_seed": {dataset: list(seeds) for dataset in SETS},
    }


def states(index: int, name: str, long: int = 200) -> dict[str, Any]:
    """Both trainings of an architecture."""
    return {
        "12": architecture_state(index, name, 12, [777]),
        str(long): architecture_state(index, name, 6, [777, 888, 999]),
    }


def nats_files(names: Sequence[str] = CELLS_201, long: int = 200) -> dict[str, bytes]:
    """The files of a `*-simple` folder."""
    files = {
        "meta.pickle.pbz2": {"meta_archs": list(names), "evaluated_indexes": set(range(len(names)))}
    }
    files |= {f"{i:06d}.pickle.pbz2": states(i, name, long) for i, name in enumerate(names)}
    return {
        name: bz2.compress(pickle.dumps(content, protocol=4)) for name, content in files.items()
    }


def nats_whole(names: Sequence[str] = CELLS_201) -> dict[str, Any]:
    """The content of the one file `NATS-tss-v1_0-3ffb9.pickle.pbz2`."""
    return {
        "meta_archs": list(names),
        "arch2infos": {i: states(i, name) for i, name in enumerate(names)},
        "evaluated_indexes": set(range(len(names))),
    }


def nats_pbz2() -> bytes:
    """The one file of NATS-Bench."""
    return bz2.compress(pickle.dumps(nats_whole(), protocol=4))


def nb201_pth(zipped: bool) -> bytes:
    """NAS-Bench-201's file, in torch's present container or in that of 2020."""
    import torch

    whole = nats_whole()
    whole["arch2infos"] = {
        i: {"full": s["200"], "less": s["12"]} for i, s in whole["arch2infos"].items()
    }
    file = io.BytesIO()
    torch.save(whole, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


# -- NAS-Bench-301
# ------------------------------------------------------------------------------------------------

GENOTYPE = (
    [
        ("skip_connect", 0),
        ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 0),
        ("skip_connect", 1),
        ("dil_conv_3x3", 0),
        ("dil_conv_5x5", 2),
        ("sep_conv_3x3", 1),
        ("skip_connect", 2),
    ],
    [
        ("max_pool_3x3", 0),
        ("avg_pool_3x3", 1),
        ("skip_connect", 0),
        ("dil_conv_5x5", 1),
        ("sep_conv_3x3", 1),
        ("sep_conv_5x5", 2),
        ("sep_conv_3x3", 2),
        ("dil_conv_3x3", 3),
    ],
)


def nb301_result(
    accuracy: float = 93.5, epochs: int = 100, genotype: Any = GENOTYPE
) -> dict[str, Any]:
    """One `results_*.json` of NAS-Bench-301."""
    darts = "NetworkSelectorDatasetInfo:darts:"
    config: dict[str, Any] = {
        "CreateImageDataLoader:batch_size": 96,
        "ImageAugmentation:augment": "True",
        f"{darts}auxiliary": "True",
        f"{darts}drop_path_prob": 0.2,
        f"{darts}init_channels": 32,
        f"{darts}layers": 8,
        "NetworkSelectorDatasetInfo:network": "darts",
        "OptimizerSelector:sgd:learning_rate": 0.025,
        "SimpleLearningrateSchedulerSelector:cosine_annealing:T_max": epochs,
    }
    for name, cell in zip(("normal", "reduce"), genotype, strict=True):
        first = 0
        for step in range(4):
            pair = cell[2 * step : 2 * step + 2]
            config |= {f"{darts}edge_{name}_{first + source}": op for op, source in pair}
            if step:
                inputs = "_".join(str(source) for _, source in sorted(pair, key=lambda p: p[1]))
                config[f"{darts}inputs_node_{name}_{step + 2}"] = inputs
            first += step + 2
    return {
        "final_metric_score": -accuracy,
        "optimized_hyperparamater_config": config,
        "budget": epochs,
        "info": [
            {
                "train_loss": 0.66,
                "train_accuracy": 86.6,
                "val_accuracy": accuracy,
                "epochs": epochs - 2,
                "model_parameters": 1234567,
                "val_datapoints": 10000,
            }
        ],
        "test_accuracy": accuracy - 0.4,
        "runtime": 5231.5,
    }


def nb301_json() -> bytes:
    """One result as a file."""
    return json.dumps(nb301_result()).encode()


# -- NAS-Bench-Suite-Zero
# -----------------------------------------------------------------------------------------

PROXIES = (
    "epe_nas",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "nwot",
    "params",
    "plain",
    "snip",
    "synflow",
    "zen",
)


def zero_cost_entry(accuracy: float) -> dict[str, Any]:
    """The proxies of one architecture."""
    return {
        "id": "7",
        "val_accuracy": accuracy,
        **{name: {"score": 1.5 * i - 3, "time": 0.25} for i, name in enumerate(PROXIES)},
    }


def zero_cost_keys() -> dict[str, list[str]]:
    """Keys of the three files: NAS-Bench-101, 201 and 301."""
    operations = [
        "max_pool_3x3",
        "avg_pool_3x3",
        "skip_connect",
        "sep_conv_3x3",
        "sep_conv_5x5",
        "dil_conv_3x3",
        "dil_conv_5x5",
    ]
    rows = ("0110000", "0001000", "0001000", "0000100", "0000010", "0000001", "0000000")
    cell = [int(digit) for row in rows for digit in row]
    compact = tuple(
        tuple((source, operations.index(op)) for op, source in part) for part in GENOTYPE
    )
    return {
        "101": [str((*cell, *codes)) for codes in ([0, 2, 3, 4, 4, 2, 1], [0, 3, 3, 3, 4, 2, 1])],
        "201": ["(4, 0, 3, 1, 4, 3)", "(0, 1, 2, 3, 4, 0)"],
        "301": [str(compact)],
    }


def zero_cost_json(which: str) -> bytes:
    """`zc_nasbench101.json`, `...201.json` or `...301.json`."""
    tasks = ("cifar10", "cifar100", "ImageNet16-120") if which == "201" else ("cifar10",)
    keys = zero_cost_keys()[which]
    return json.dumps(
        {
            task: {key: zero_cost_entry(70.5 + i + t) for i, key in enumerate(keys)}
            for t, task in enumerate(tasks)
        }
    ).encode()


# -- graphs and tables
# ----------------------------------------------------------------------------------------------


def pyg_graph(accuracy: float, n_ops: int = 4) -> Any:
    """A graph as FlowerFormer's files have it."""
    import torch
    from torch_geometric.data import Data

    ops = torch.tensor([0, 1, 2, 3])
    return Data(
        x=torch.nn.functional.one_hot(ops, n_ops).float(),
        edge_index=torch.tensor([[0, 0, 1, 2], [1, 2, 3, 3]]),
        edge_attr=torch.ones(4, 2),
        y=torch.tensor([accuracy]),
        abs_pe=torch.tensor([0, 1, 1, 2]),
        edge_masks=torch.tensor([[True, True, False, False], [False, False, True, True]]),
        dag_rr_edge_index=torch.tensor([[0, 0, 0, 1, 2], [1, 2, 3, 3, 3]]),
    )


def pyg_pt(pairs: bool = False) -> bytes:
    """Two graphs, or two pairs of graphs."""
    import torch

    graphs = [pyg_graph(91.5), pyg_graph(93.25)]
    file = io.BytesIO()
    torch.save([(g, pyg_graph(0.0)) for g in graphs] if pairs else graphs, file)
    return file.getvalue()


def pyg_collated(with_class: bool = True) -> bytes:
    """What an `InMemoryDataset` of these two graphs keeps as `processed/data.pt`."""
    import torch
    from torch_geometric.data import Data, InMemoryDataset

    data, slices = InMemoryDataset.collate([pyg_graph(91.5), pyg_graph(93.25)])
    file = io.BytesIO()
    # PyG 2.4 and later, or before that
    torch.save((data.to_dict(), slices, Data) if with_class else (data, slices), file)
    return file.getvalue()


def csv_table() -> bytes:
    """Graphs in both notations, two repeats, declared columns."""
    return (
        b'ops,edges,accuracy#1 [%],accuracy#2 [%],"latency [ms, min]","params [million, min,'
        b' free]",id\ninput|attn|mlp|output,0>1 1>2 2>3,81.2,80.9,3.5,1.25,a\n"[""input"", ""mlp"",'
        b' ""output""]","[[0, 1], [1, 2]]",79.5,,2.5,0.75,b\n'
    )


def jsonl_table() -> bytes:
    """The same as JSON lines."""
    return (
        b'{"ops": ["input", "attn", "mlp", "output"], "edges": [[0, 1], [1, 2], [2, 3]], '
        b'"accuracy [%]": [81.2, 80.9], "latency [ms, min]": 3.5}\n\n'
        b'{"arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|", "space": "nb201", '
        b'"accuracy [%]": 79.5, "latency [ms, min]": null}\n'
    )


def parquet_table() -> bytes:
    """The same as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table(
        {
            "ops": [["input", "attn", "mlp", "output"], ["input", "mlp", "output"]],
            "edges": [[[0, 1], [1, 2], [2, 3]], [[0, 1], [1, 2]]],
            "accuracy [%]": [[81.2, 80.9], [79.5]],
            "latency [ms, min]": [3.5, None],
        }
    )
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


SINGLE_FILES: dict[str, tuple[str, str, Any]] = {
    # label -> format, file name, function that makes its bytes
    "nb101": ("nb101-tfrecord", "nasbench_full.tfrecord", nb101_tfrecord),
    "nats": ("nats", "NATS-tss-v1_0-3ffb9.pickle.pbz2", nats_pbz2),
    "nb201-zip": ("nb201-pth", "NAS-Bench-201-v1_1-096897.pth", lambda: nb201_pth(zipped=True)),
    "nb201-2020": ("nb201-pth", "NAS-Bench-201-v1_1-096897.pth", lambda: nb201_pth(zipped=False)),
    "nb301": ("nb301-json", "results_0.json", nb301_json),
    "zero-cost-101": ("zero-cost-json", "zc_nasbench101.json", lambda: zero_cost_json("101")),
    "zero-cost-201": ("zero-cost-json", "zc_nasbench201.json", lambda: zero_cost_json("201")),
    "zero-cost-301": ("zero-cost-json", "zc_nasbench301.json", lambda: zero_cost_json("301")),
    "pyg": ("pyg", "nb101.pt", pyg_pt),
    "pyg-pairs": ("pyg", "nb301.pt", lambda: pyg_pt(pairs=True)),
    "pyg-collated": ("pyg", "data.pt", pyg_collated),
    "csv": ("csv", "own.csv", csv_table),
    "jsonl": ("jsonl", "own.jsonl", jsonl_table),
    "parquet": ("parquet", "own.parquet", parquet_table),
}
