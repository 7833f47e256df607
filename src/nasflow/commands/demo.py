"""`nasflow demo`: the main ideas on real data, in a few minutes."""

from __future__ import annotations

from nasflow.commands.shared import Namespace, Parser, add_jobs

SOURCE = "nbgraph-cora"
N_DRAWN = 200  # more bars than that cover each other
BEFORE = """\
NAS-Bench-Graph, Cora: 26,206 graph neural networks, and what training each of them gave. Four
predictors learn from 131 of them (1 % of the training half) and 40 more, and rank the other half:

    none        a graph network: the 40 choose its epoch
    flow        the same, after it has learnt all graphs' flow surrogates without a label (FGP)
    features    a Gaussian process on features of the graph, in seconds
    blend-fast  five models of such features in a blend, which says how sure it is: what
                nasflow.Predictor() and nasflow fit are by default
"""
AFTER = """\
What to look at:

    tau            how well the other half is ranked, x100; features and blend-fast need no network
    flow - none    what the graphs alone have taught; where its interval holds 0 it may be chance
    fit s          seconds of a fit and its predictions; flow pre-trains before that, once
    in 90 %        whether intervals hold what they promise, of networks that were not labelled
    intervals.png  each point is a network, its bar the interval that was predicted for it
"""


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("--out", type=str, default="demo", help="folder for results")
    add_jobs(parser)


def run(options: Namespace) -> None:
    """Evaluate NAS-Bench-Graph with graph network and features, and draw the intervals of one."""
    # what it shows is that command: the same words give the same tables
    from nasflow.commands.command_line import run_words

    print(BEFORE)
    words = ["evaluate", SOURCE, "--methods", "none,flow,features,blend-fast"]
    # as many passes over its rows as `nasflow pretrain` makes by itself
    words += ["--pretrain.epochs", "12", "--seeds", "[21,2021]"]
    run_words([*words, "--out", options.out, "--jobs", str(options.jobs)])
    print()
    print(AFTER)
    print(draw_intervals(options.out))


def draw_intervals(folder: str) -> str:
    """Draw `intervals.png` of the first split into the folder; says what is in it."""
    from pathlib import Path

    import numpy as np

    from nasflow.datasets import open_dataset
    from nasflow.experiments.pictures import intervals_picture
    from nasflow.experiments.protocol import split_of
    from nasflow.options.protocol import ProtocolConfig
    from nasflow.prediction.predictor import Predictor

    dataset = open_dataset(SOURCE)
    metric, protocol = dataset.metric(None), ProtocolConfig()
    split = split_of(dataset, (metric.name,), protocol.splits[0], protocol)
    labels = dataset.labels(metric.name)
    rows = np.sort(np.concatenate([split.train, split.validation]))
    predictor = Predictor().fit(dataset.table[rows], labels[rows])
    tests, truth = dataset.table[split.test], labels[split.test]
    predicted = predictor.predict(tests)
    low, high = predictor.interval(tests, 0.9)
    inside = 100 * ((low <= truth) & (truth <= high)).mean()
    drawn = np.random.default_rng(0).permutation(len(truth))[:N_DRAWN]
    path = Path(folder) / "intervals.png"
    intervals_picture(
        path,
        predicted[drawn],
        (low[drawn], high[drawn]),
        truth[drawn],
        f"Intervals of 90 % after {len(rows)} labels: {dataset.name}",
        f"{metric.name} ({metric.unit})",
        metric.maximise,
    )
    return (
        f"{path}: {N_DRAWN} of {len(truth):,} networks that Predictor() has not seen, with"
        f" intervals of 90 %; of all of them {inside:.1f} % lie inside theirs"
    )
