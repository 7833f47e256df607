"""The paper's numbers for an evaluation that it has too: same space, label, encoder and share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nasflow.experiments.settings import SETTINGS
from nasflow.report.references import Reference
from nasflow.report.results import Results
from nasflow_paper.reproductions.comparison import papers_numbers
from nasflow_paper.reproductions.variants import FLOW, METHODS

_SAME = "the same label"
# what the paper calls the encoders
_ENCODERS = {
    "resgatedgcn": "ResGatedGCN",
    "gin": "GIN",
    "flowerformer": "FlowerFormer",
    "digcn": "DiGCN",
    "mlp": "MLP",
    "transformer": "Transformer",
}
# by the share of the training half that is labelled: the paper's tables, and the part of them that
# is about an encoder
_TABLES: Mapping[float, tuple[tuple[str, ...], Mapping[str, str]]] = {
    0.01: (("table1", "figure7", "table6", "table8", "table13"), _ENCODERS),
    0.05: (("table3",), {"resgatedgcn": "5 %"}),
    0.1: (("table3",), {"resgatedgcn": "10 %"}),
}


def reference(results: Results) -> Reference:
    """The paper's numbers for the same evaluation, and what of data and label differs."""
    numbers, differs = papers(results)
    # where nothing differs the settings say just that, and the page as half a sentence
    label = f"for {_SAME}" if differs == _SAME else f"which differ in this: {differs}"
    remark = f"Small, below ours: the paper's numbers, from 9 runs (arXiv 2510.18360), {label}."
    return Reference(numbers, "paper", remark)


def papers(results: Results) -> tuple[dict[tuple[str, str], str], str]:
    """The paper's numbers by method and metric, and what of data and label differs; or both empty.

    The manifest is read with care: it may be of another version, or was written by hand.
    """
    options = results.manifest.get("options")
    space = _space(results)
    if space is None or not isinstance(options, dict):
        return {}, ""
    protocol, encoder = options.get("protocol"), options.get("encoder")
    if not isinstance(protocol, dict) or not isinstance(encoder, dict):
        return {}, ""
    if not _saw_all(protocol):
        return {}, ""
    tables, group = _tables_and_group(protocol.get("ratio"), str(encoder.get("name")))
    by_metric = papers_numbers(tables, group, space)
    # an evaluation has the names of the tasks, a page of `nasflow reproduce` those of the paper
    labels = {}
    for variant in METHODS:
        labels[variant.method] = labels[variant.label] = variant.label
    # the paper has no proxy for NAS-Bench-Graph: there FGP is the flow alone
    labels[FLOW.method] = labels[FLOW.label] = "FGP" if space == "nbgraph" else "w/o proxy"
    numbers = {}
    for method in results.methods:
        for metric in ("tau", "p1", "p5"):
            number = by_metric.get(metric, {}).get(labels.get(method, method))
            if number is not None:
                numbers[method, metric] = str(number)
    return numbers, SETTINGS[space].differs if numbers else ""


def _space(results: Results) -> str | None:
    """The paper's space that was evaluated on, by its data and label; None for any other."""
    # columns that were joined to it (`nb201+mine.npz`) change neither architectures nor labels
    source = results.entries[0]["dataset"].partition("+")[0]
    for name, setting in SETTINGS.items():
        if (setting.source, setting.metric) == (source, results.metric.name):
            return name
    return None


def _saw_all(protocol: Mapping[str, Any]) -> bool:
    """Whether pre-training saw all architectures, as in these tables of the paper."""
    share = protocol.get("pretrain_share", 1.0)
    return bool(protocol.get("pretrain_on", "all") == "all" and share == 1.0)


def _tables_and_group(ratio: object, encoder: str) -> tuple[Sequence[str], str]:
    """The paper's tables for a share of labels, and their part on an encoder; or both empty."""
    # compared and not looked up: what a manifest has there may be no number, nor hashable
    for share, (tables, groups) in _TABLES.items():
        if ratio == share:
            return tables, groups.get(encoder, "")
    return (), ""
