"""The data sets by name: what each is, where it comes from, and how to load it.

The facts are here so that `nasflow data list` answers without opening a file; the loader is
imported when asked for. A new data set is one entry here and one reader.
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.models import how_to_read_models
from nasflow.datasets.space_names import how_to_sample
from nasflow.errors import DataError, DataWarning, unknown_name
from nasflow.running.registry import imported


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before it is loaded."""

    name: str
    """The name to load it by."""
    size: int
    """Number of architectures."""
    summary: str
    """One line: which networks, measured how."""
    metrics: tuple[str, ...]
    """The main metrics, the default one first."""
    files: tuple[str, ...]
    """Files looked for in the folder `NASFLOW_DATA`; empty where a package delivers them."""
    source: str
    """Where the numbers come from."""
    licence: str
    """Licence of the numbers."""
    loader: str
    """`module:function`, and an argument in brackets."""
    official: tuple[str, str] = ("", "")
    """Format and file of the official release, for `nasflow data import`; empty if none is read."""

    def how_to_get(self) -> str:
        """The source, and the command that imports the official release, where there is one."""
        text = f"source: {self.source}"
        format_name, file = self.official
        if format_name:
            text += (
                "\nthe official release, once downloaded from there, is imported by\n"
                f"  nasflow data import {format_name} {file} --out {self.name}.npz\n"
                f"and {self.name}.npz can then stand wherever a name of a data set does"
            )
        return text

    def load(self) -> Dataset:
        """Read the data set (from the cache where its files were read before).

        Raises:
            MissingDataError, MissingExtraError: its files are not there; the message says how to
            get them.
        """
        target, _, argument = self.loader.removesuffix(")").partition("(")
        load = imported(target)
        dataset = load(argument) if argument else load()
        assert isinstance(dataset, Dataset)
        return dataset


def _nbgraph(dataset: str, size: int = 26206) -> DatasetInfo:
    return DatasetInfo(
        name=f"nbgraph-{dataset}",
        size=size,
        summary=f"NAS-Bench-Graph: graph neural networks trained on {dataset}",
        metrics=("test_perf", "valid_perf", "latency", "params"),
        files=(),
        source="package nas-bench-graph, https://github.com/THUMNLab/NAS-Bench-Graph",
        licence="Apache-2.0",
        loader=f"nasflow.datasets.nbgraph:load_nbgraph({dataset})",
    )


_NB101 = "NAS-Bench-101, https://github.com/google-research/nasbench"
_TFRECORD = ("nb101-tfrecord", "nasbench_only108.tfrecord")
_COMPUTED = "jacob_cov and 3 more computed by nasflow"
_NB101_METRICS = ("valid_108ep", "valid_36ep", "valid_12ep", "valid_4ep", "train_seconds", "params")

_INFOS = [
    DatasetInfo(
        name="nb101",
        size=14580,
        summary=(
            "NAS-Bench-101: random cells, one training run "
            "(the first 14,580 rows, the protocol's number)"
        ),
        metrics=(*_NB101_METRICS, _COMPUTED),
        files=("nb101.csv.gz",),
        source=_NB101,
        licence="Apache-2.0",
        official=_TFRECORD,
        loader="nasflow.datasets.nb101:load_nb101(protocol)",
    ),
    DatasetInfo(
        name="nb101-all",
        size=20001,
        summary="NAS-Bench-101: all 20,001 random cells of the file, one training run",
        metrics=_NB101_METRICS,
        files=("nb101.csv.gz",),
        source=_NB101,
        licence="Apache-2.0",
        official=_TFRECORD,
        loader="nasflow.datasets.nb101:load_nb101(all)",
    ),
    DatasetInfo(
        name="nb101-space",
        size=423624,
        summary="NAS-Bench-101: all cells, without metrics",
        metrics=(),
        files=(),
        source=_NB101,
        licence="Apache-2.0",
        loader="nasflow.datasets.nb101:load_nb101_space",
    ),
    DatasetInfo(
        name="nb101-zero-cost",
        size=500,
        summary="NAS-Bench-101: cells with zero-cost proxies (NAS-Bench-Suite-Zero)",
        metrics=("val_accuracy", "jacov and 10 more proxies"),
        files=("nb101_zero_cost_500.json.gz",),
        source="NAS-Bench-Suite-Zero, https://github.com/automl/NASLib",
        licence="Apache-2.0",
        loader="nasflow.datasets.nb101:load_nb101_zero_cost",
        official=("zero-cost-json", "zc_nasbench101.json"),
    ),
    DatasetInfo(
        name="nb301",
        size=10000,
        summary="NAS-Bench-301: DARTS architectures, labelled by the surrogate benchmark",
        metrics=("val_acc", "runtime", "flops", _COMPUTED),
        files=("nb301.jsonl.gz",),
        source="NAS-Bench-301, https://github.com/automl/nasbench301",
        licence="Apache-2.0",
        loader="nasflow.datasets.nb301:load_nb301",
        official=("nb301-json", "nb_301_v13"),
    ),
    DatasetInfo(
        name="nasbench-macro",
        size=6561,
        summary="NAS-Bench-Macro: chains of eight blocks on CIFAR-10",
        metrics=("test_acc_mean", "test_acc_std", "params", "flops"),
        files=("nasbench_macro.csv.gz",),
        source="NAS-Bench-Macro, https://github.com/xiusu/NAS-Bench-Macro",
        licence="Apache-2.0",
        loader="nasflow.datasets.macro:load_macro",
    ),
    DatasetInfo(
        name="transnas-micro",
        size=4096,
        summary="TransNAS-Bench-101: micro cells on seven vision tasks",
        metrics=(
            "class_scene",
            "class_object",
            "jigsaw",
            "room_layout",
            "segmentsemantic",
            "normal",
            "autoencoder",
        ),
        files=("transnas_micro.csv.gz",),
        source="TransNAS-Bench-101, https://github.com/yawen-d/TransNASBench",
        licence="Apache-2.0",
        loader="nasflow.datasets.transnas:load_transnas_micro",
    ),
    DatasetInfo(
        name="nb201",
        size=15625,
        summary="NAS-Bench-201 / NATS-Bench topology: convolutional cells",
        metrics=(
            "cifar10_test",
            "cifar100_test",
            "imagenet16_120_test",
            "cifar10_valid",
            "params_millions",
            "jacov and 12 more proxies",
            "latency.raspi4 and 9 more of hardware",
        ),
        files=(
            "nb201.csv.gz",
            "nb201_zero_cost.csv.gz (optional)",
            "nb201_hardware.csv.gz (optional)",
        ),
        source="NATS-Bench, https://github.com/D-X-Y/NATS-Bench",
        licence="MIT",
        loader="nasflow.datasets.nb201:load_nb201",
        official=("nats", "NATS-tss-v1_0-3ffb9-simple"),
    ),
    DatasetInfo(
        name="nb201-analog",
        size=15625,
        summary="NAS-Bench-201's cells, retrained and on analog hardware",
        metrics=("baseline_accuracy", "analog_accuracy"),
        files=(),
        source="package analog-nasbench (extra nb201)",
        licence="none stated",
        loader="nasflow.datasets.nb201:load_nb201_analog",
    ),
    DatasetInfo(
        name="ofa-latency",
        size=5000,
        summary="Once-for-all's MobileNetV3: sub-networks with latency on four GPUs",
        metrics=(
            "latency.titan_rtx_64",
            "latency.titan_rtx_1",
            "latency.2080ti_64",
            "latency.2080ti_1",
            "latency.v100_64",
            "latency.v100_1",
            "latency.titan_xp_1",
        ),
        files=("ofa_latency.jsonl.gz",),
        source="HELP, https://github.com/HayeonLee/HELP",
        licence="MIT",
        loader="nasflow.datasets.ofa_latency:load_ofa_latency",
    ),
    DatasetInfo(
        name="accel-nasbench",
        size=3000,
        summary="Accel-NASBench: MnasNet-like networks with ImageNet accuracy and latency",
        metrics=(
            "val_top1",
            "val_top5",
            "train_time",
            "latency_zcu102",
            "latency_vck190",
            "throughput_a100 and 5 more",
            "macs",
            "params",
        ),
        files=("accel_nasbench.csv.gz",),
        source="Accel-NASBench, https://github.com/afzalxo/Accel-NASBench",
        licence="Apache-2.0",
        loader="nasflow.datasets.accel_nasbench:load_accel_nasbench",
    ),
    DatasetInfo(
        name="bert-glue",
        size=340,
        summary="FlexiBERT's space: small BERT encoders, trained and tested on GLUE",
        metrics=("glue", "cola and 7 more tasks", "train_seconds"),
        files=("bert_glue.jsonl.gz",),
        source=(
            "BERT benchmark of training-free architecture search,"
            " https://github.com/aaronserianni/training-free-nas"
        ),
        licence="Apache-2.0",
        loader="nasflow.datasets.bert_glue:load_bert_glue",
    ),
    *(
        _nbgraph(name)
        for name in ("arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "pubmed")
    ),
    _nbgraph("proteins", size=2021),
]
_BY_NAME = {info.name: info for info in sorted(_INFOS, key=lambda info: info.name)}


def dataset_names() -> list[str]:
    """The registered names."""
    return list(_BY_NAME)


def dataset_info(name: str) -> DatasetInfo:
    """The facts of the data set of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    if name not in _BY_NAME:
        raise unknown_name("data set", name, _BY_NAME)
    return _BY_NAME[name]


def load_dataset(name: str) -> Dataset:
    """The data set of that name.

    Example:
        >>> cora = load_dataset("nbgraph-cora")
        >>> len(cora), cora.default_metric
        (26206, 'test_perf')
    """
    return dataset_info(name).load()


def source_and_proxies(source: str) -> tuple[str, str | None]:
    """SOURCE and PROXIES.npz of `SOURCE+PROXIES.npz`; of any other source itself, and None."""
    base, plus, proxies = source.rpartition("+")
    # a plus may also be part of a file's name
    return (base, proxies) if plus and not Path(source).exists() else (source, None)


def open_dataset(
    source: str, vocabulary: Sequence[str] | None = None, *, join: bool = True
) -> Dataset:
    """The data set of a registered name, or of a file.

    Files are users' own tables (`own_tables`: CSV, JSONL, Parquet) or `.npz` (`Dataset.save`).
    `SOURCE+PROXIES.npz` is the data set of SOURCE with the columns of a proxy table (`nasflow
    proxies`). What of a user's table was left unread, or is doubtful, is a `DataWarning`.

    Args:
        source: the name or file.
        vocabulary: the only operations that a user's table may have, in the order of the table's,
            such as those that a model knows; by default those that it has. Others have their own.
        join: whether rows of one graph in a user's table become one, with their values as repeats;
            otherwise each row of the file is a row.

    Raises:
        UnknownNameError: neither a name nor a file.
        MissingDataError, DataError, GraphError: the file is not there, or malformed; of a user's
            table the message names the line. Or a space is named, and the message says how to
            draw a table of it.
    """
    # on use, here and below: `nasflow data list` reads no file
    from nasflow.datasets.own_tables import own_format, read_own_table

    base, proxies = source_and_proxies(source)
    if proxies is not None:
        from nasflow.datasets.proxy_table import ProxyTable

        return ProxyTable.load(proxies).join(open_dataset(base, vocabulary, join=join))
    # a registered name is one even where a folder is called so too
    if source in _BY_NAME:
        return load_dataset(source)
    path = Path(source)
    if path.suffix == ".npz":
        return Dataset.load(path)
    if own_format(path):
        dataset = read_own_table(path, vocabulary, join)
        # not in the processes of a grid, each of which reads the table again
        if multiprocessing.parent_process() is None:
            for note in dataset.notes:
                warnings.warn(note, DataWarning, stacklevel=2)
        return dataset
    sampling = how_to_sample(source)
    if sampling is not None:
        raise DataError(sampling)
    if path.exists():
        raise _no_table(path)
    return load_dataset(source)


def _no_table(path: Path) -> DataError:
    """The error for a file or folder that is no table; says which way there is."""
    from nasflow.datasets.own_tables import LEGAL

    seen = "is a folder" if path.is_dir() else f"has the suffix {path.suffix!r}"
    legal = f"{path} {seen}; legal: .npz, or your own table: {LEGAL}"
    models = how_to_read_models(path)
    if models is not None:
        return DataError(f"{legal}; {models}")
    return DataError(
        f"{legal}. `nasflow data import FORMAT PATH`"
        " makes an .npz of a published benchmark's file or folder; models (ONNX, PyTorch) become"
        " architectures in Python: docs/import-models.md"
    )
