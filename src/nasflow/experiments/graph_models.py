"""What the methods of a grid predict that are no encoder alone: blends, and the first floor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.datasets import Dataset
from nasflow.encoders.make import foreign_name
from nasflow.experiments.kept import weights_path
from nasflow.experiments.methods import method_of
from nasflow.experiments.runs import Run
from nasflow.prediction.blend import Blend
from nasflow.prediction.fgp import FGP
from nasflow.prediction.gp import GaussianProcess, graph_features
from nasflow.prediction.members.base import Member
from nasflow.prediction.members.encoder import EncoderMember, PretrainedEncoder
from nasflow.prediction.members.registry import suited
from nasflow.prediction.proxy_ranks import take
from nasflow.statistics.metrics import crps
from nasflow.statistics.ranks import normal_scores
from nasflow.statistics.splits import Split

FloatArray = npt.NDArray[np.float64]

LEVELS = np.arange(1, 20) / 20
"""Of the quantiles that a score of whole distributions is made of."""


def blend_predictions(
    dataset: Dataset, run: Run, split: Split, folder: Path
) -> tuple[FloatArray, dict[str, float]]:
    """Test predictions of a blend, and how its intervals hold.

    Returns:
        (n,) predictions, and by name: in50 and in90, the shares of test labels inside intervals of
        50 and 90 %; width50 and width90, the mean widths of these where they end; crps.
    """
    table, labels = dataset.table, dataset.labels(run.metric)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    columns = {name: dataset.proxy(name) for name in run.fit.proxies}
    members: list[str | type[Member] | Member] = []
    for name in suited(method_of(run.method).members, table):
        if name not in ("encoder", "pretrained-encoder"):
            members.append(name)
    if method_of(run.method).encodes:
        members += _encoders(run, folder)
    blend = Blend(members, vocabulary=table.vocabulary, seed=run.seed)
    # ranks are among all rows of the table: they take no label
    blend.fit(table[rows], labels[rows], take(columns, rows) or None, reference=columns or None)
    tests = table[split.test]
    learnt = blend.mixture_
    assert learnt is not None  # it was fitted
    # once for all that follows: members take seconds on a large table
    scores = learnt.predicted(tests, take(columns, split.test) or None)
    truth = labels[split.test]
    measured = {}
    for level in (50, 90):
        low, high = learnt.between(scores, level / 100)
        measured[f"in{level}"] = float(((low <= truth) & (truth <= high)).mean())
        measured[f"width{level}"] = float((high - low).mean())
    measured["crps"] = crps(learnt.quantiles(scores, LEVELS), LEVELS, truth)
    predicted = learnt.scale.labels(scores.mean)
    # few labels cannot tell how far the last tenth is: such an interval has no end
    return predicted, {name: value for name, value in measured.items() if np.isfinite(value)}


def _encoders(run: Run, folder: Path) -> list[Member]:
    """The encoder as members: newly drawn, and with pre-trained weights where there are some."""
    fit = replace(run.fit, proxies=())  # a blend has groups of features in their place
    members: list[Member] = [EncoderMember(run.seed, run.encoder, fit=fit)]
    if run.pretraining is not None:
        weights = weights_path(run.pretraining, folder)
        # an encoder from outside the package was named by the run, so it may be loaded
        pretrained = FGP.load(weights, encoder=foreign_name(run.encoder))
        units = pretrained.encoder_.units
        start = pretrained.start_
        members.append(PretrainedEncoder(run.seed, run.encoder, start, fit, units=units))
    return members


def gp_predictions(dataset: Dataset, run: Run, split: Split) -> FloatArray:
    """Test predictions of the first floor, a Gaussian process on counts of graphs as written.

    It is trained on the training rows alone, and has no epoch to choose: the validation rows only
    bring scores back to the label's scale.
    """
    features = graph_features(dataset.table)  # (N, d)
    labels = dataset.labels(run.metric)  # (N,)
    # normal scores: accuracies have a long lower tail that a Gaussian likelihood would chase
    scores = normal_scores(labels[split.train])
    process = GaussianProcess().fit(features[split.train], scores)
    mean, _ = process.predict(features)  # (N,)
    # two points at least make a line
    calibration = split.validation if len(split.validation) > 1 else split.train
    slope, intercept = np.polyfit(mean[calibration], labels[calibration], 1)
    # on few rows the line may fall: that must not turn the order around
    predicted: FloatArray = intercept + max(slope, 1e-9) * mean[split.test]
    return predicted
