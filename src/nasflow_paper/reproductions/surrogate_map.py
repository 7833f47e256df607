"""surrogate-map: do architectures of like performance have like surrogates? (The paper's figure.)

The first two principal components of the standardised surrogates of each space, every point
coloured by the rank of its label. Nothing is trained.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.pictures import principal_components
from nasflow.experiments.pictures import surrogate_map as draw_map
from nasflow.experiments.settings import PAPER_SPACES, SETTINGS
from nasflow.statistics.metrics import kendall_tau
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.reproductions.base import Block, Page, PageTable, Picture, ReproduceOptions


def surrogate_map(options: ReproduceOptions) -> Page:
    """The page with a map of each space, and how far its first two components follow the label."""
    rows = [
        [
            "space",
            "architectures",
            "k",
            "sigma",
            "variance in 1, 2",
            "tau of 1 with the label",
            "tau of 2",
        ]
    ]
    pictures: list[Block] = []
    datasets = {}
    for name in options.choose(PAPER_SPACES):
        setting = SETTINGS[name]
        dataset, config = setting.dataset(), setting.stages().surrogate
        surrogate = FlowSurrogate(dataset.table.n_ops, config).targets(dataset.table).numpy()
        maximise = dataset.metric(setting.metric).maximise
        labels = dataset.labels(setting.metric) * (1 if maximise else -1)
        projected, share = principal_components(surrogate)  # (N, 2), (2,)
        # the sign of a component is arbitrary
        taus = [abs(kendall_tau(component, labels)) for component in projected.T.astype(np.float64)]
        rows.append(
            [
                setting.title,
                f"{len(dataset):,}",
                str(config.k),
                f"{config.sigma:g}",
                ", ".join(f"{100 * s:.0f} %" for s in share),
                *(f"{tau:.3f}" for tau in taus),
            ]
        )
        draw = partial(
            draw_map,
            surrogate=surrogate,
            values=labels,
            title=f"Flow surrogates of {setting.title}",
            legend=f"rank by {setting.metric} (100 = best)",
        )
        pictures.append(Picture(name, f"flow surrogates of {setting.title}", draw))
        datasets[name] = {**about_dataset(dataset, setting.metric), "surrogate": config.to_dict()}
    done = (
        "The flow surrogates of every architecture, standardised, projected on their first two"
        " principal components; the colour is the rank of the label. The surrogate has seen no"
        " label. Tau is without its sign, since a component has none. The paper shows such maps and"
        " gives no numbers."
    )
    return Page("Surrogate map", done, [PageTable(rows), *pictures], manifest={"spaces": datasets})
