"""The paper's numbers for an evaluation that the paper has too: the same space, label, encoder and
share of labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nasflow.experiments.settings import SETTINGS
from nasflow.report.references import Reference
from nasflow.report.results import Results
from nasflow_paper.reproductions.comparison import papers_numbers
from nasflow_paper.reproductions.variants import METHODS

# by the share of the training half that is labelled: the paper's tables, and what it calls the
# encoder in them
_ENCODERS = {
    "resgatedgcn": "ResGatedGCN",
    "gin": "GIN",
    "flowerformer": "FlowerFormer",
    "digcn": "DiGCN",
    "mlp": "MLP",
    "transformer": "Transformer",
}
_TABLES: Mapping[float, tuple[tuple[str, ...], Mapping[str, str]]] = {
    0.01: (("table1", "figure7", "table6", "table8", "table13"), _ENCODERS),
    0.05: (("table3",), {"resgatedgcn": "5 %"}),
    0.1: (("table3",), {"resgatedgcn": "10 %"}),
}


def reference(results: Results) -> Reference:
    """The paper's numbers for the same evaluation, and what of data and label differs."""
    numbers, differs = papers(results)
    remark = (
        "Small, below ours: the paper's, from 9 runs (arXiv 2510.18360). Against the paper:"
        f" {differs}."
    )
    return Reference(numbers, "paper", remark)


def papers(results: Results) -> tuple[dict[tuple[str, str], str], str]:
    """The paper's numbers by method and metric, and what of data and label differs; both empty
    where it has none.
    """
    options = results.manifest.get("options")
    protocol, encoder = (
        options.get(name) if isinstance(options, dict) else None for name in ("protocol", "encoder")
    )
    source = results.entries[0]["dataset"].partition("+")[0]
    space = next(
        (
            name
            for name, setting in SETTINGS.items()
            if (setting.source, setting.metric) == (source, results.metric.name)
        ),
        None,
    )
    if (
        space is None
        or not isinstance(protocol, dict)
        or not isinstance(encoder, dict)
        or not _whole(protocol)
    ):
        return {}, ""
    tables, groups = next(
        (found for ratio, found in _TABLES.items() if protocol.get("ratio") == ratio), ((), {})
    )
    group = groups.get(str(encoder.get("name")), "")
    numbers = {
        (label, metric): str(number)
        for metric, by_label in papers_numbers(tables, group, space).items()
        for label, number in by_label.items()
    }
    labels = {variant.method: variant.label for variant in METHODS}
    # the paper has no proxy for NAS-Bench-Graph: there FGP is the flow alone
    labels["flow"] = "FGP" if space == "nbgraph" else "w/o proxy"
    found = {
        (method, metric): numbers[labels[method], metric]
        for method in results.methods
        for metric in ("tau", "p1", "p5")
        if (labels.get(method), metric) in numbers
    }
    return found, SETTINGS[space].differs if found else ""


def _whole(protocol: Mapping[str, Any]) -> bool:
    """Whether pre-training saw all architectures, as in these tables of the paper."""
    return bool(
        protocol.get("pretrain_on", "all") == "all" and protocol.get("pretrain_share", 1.0) == 1.0
    )
