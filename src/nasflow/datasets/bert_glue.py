"""Small BERT encoders of the FlexiBERT space, trained and tested on GLUE.

A random part, 340 of 500. `cola` is Matthews correlation and 0 for an encoder that learnt nothing.
"""

from __future__ import annotations

from pathlib import Path

from nasflow.datasets.base import Dataset, Metric
from nasflow.datasets.jsonl_records import jsonl_records, of_each_line, values_of
from nasflow.datasets.locate import cached, find_data_file
from nasflow.running.files import sha256
from nasflow.spaces.bert_flexi import BertFlexi

SOURCE = (
    "Training-free neural architecture search for RNNs and transformers (Apache-2.0),"
    " https://github.com/aaronserianni/training-free-nas"
)

_TASKS = ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst", "sts")
# correlations, x100: they may be negative
_CORRELATIONS = ("cola", "sts")
_METRICS = {
    "glue": Metric("glue", "GLUE score, the mean of eight tasks"),
    **{
        name: Metric(
            name,
            f"score on {name.upper()} of GLUE",
            unit="" if name in _CORRELATIONS else "%",
        )
        for name in _TASKS
    },
    "train_seconds": Metric("train_seconds", "time of the training", unit="s", maximise=False),
}


def load_bert_glue() -> Dataset:
    """The 340 encoders in the file's random order."""
    path = find_data_file("bert_glue.jsonl.gz", SOURCE)
    return cached("bert-glue", 1, [path], lambda: _read(path))


def _read(path: Path) -> Dataset:
    space = BertFlexi()
    records = jsonl_records(path)
    graphs = of_each_line(
        path, records, lambda record: space.from_choices(record["hidden"], record["layers"])
    )
    return Dataset(
        name="bert-glue",
        table=space.table(graphs),
        metrics={metric.name: metric for metric in _METRICS.values()},
        values=values_of(path, records, _METRICS),
        default_metric="glue",
        space="bert-flexi",
        file_order_is_random=True,
        origin={"source": SOURCE, "files": {path.name: sha256(path)}},
    )
