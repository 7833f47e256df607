"""operations: does the surrogate tell which operations an architecture has? (The paper's table 12.)

An MLP with two hidden layers sees the standardised surrogate and says, for each operation, whether
it occurs anywhere
in the architecture: one output each, trained together on 80 % of the architectures and tested on
the rest. Ten trials, each with a split and weights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from nasflow.experiments.manifest import about_dataset
from nasflow.experiments.settings import SETTINGS, TWO_SPACES
from nasflow.graphs.table import ArchTable
from nasflow.running.progress import progress_bar
from nasflow.running.seeding import seeded
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.reproductions.base import Block, Page, ReproduceOptions, Table
from nasflow_paper.reproductions.comparison import papers_numbers

OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "nb101": {"conv1x1": "conv1x1", "conv3x3": "conv3x3", "pooling": "maxpool3x3"},
    "nb201": {"conv1x1": "conv1x1", "conv3x3": "conv3x3", "pooling": "avgpool3x3"},
}
"""By space: the paper's names of operations, and the vocabulary's."""
TRIALS, EPOCHS = 10, 100
WIDTH, BATCH, LR = 128, 256, 3e-3


def operations(options: ReproduceOptions) -> Page:
    """The page."""
    trials, epochs = (2, 5) if options.quick else (TRIALS, EPOCHS)
    blocks: list[Block] = []
    manifest = {}
    n_within = n_above = n_compared = 0
    names = options.choose(TWO_SPACES)
    with progress_bar("trials", trials * len(names), show=options.progress) as advance:
        for name in names:
            setting = SETTINGS[name]
            dataset = setting.dataset()
            table, config = dataset.table, setting.stages("flow").surrogate
            surrogate = FlowSurrogate(table.n_ops, config).targets(table)
            present = occurs(table, list(OPERATIONS[name].values()))
            accuracy = []
            for seed in range(trials):
                accuracy.append(100 * accuracies(surrogate, present, seed, epochs))
                advance(f"{name}, trial {seed}")
            mean, std = np.mean(accuracy, axis=0), np.std(accuracy, axis=0)
            share = 100 * present.mean(dim=0).numpy()
            printed = papers_numbers(["table12"], "MLP", name)["accuracy"]
            rows = [
                [
                    "operation",
                    "accuracy",
                    "paper",
                    "architectures that have it",
                    "always the commoner answer",
                ]
            ]
            for i, operation in enumerate(OPERATIONS[name]):
                number = printed[operation]
                rows.append(
                    [
                        operation,
                        f"{mean[i]:.1f} ({std[i]:.1f})",
                        str(number),
                        f"{share[i]:.1f} %",
                        f"{max(share[i], 100 - share[i]):.1f}",
                    ]
                )
                n_above += bool(mean[i] > max(share[i], 100 - share[i]) + 1)
                if not number.slip:
                    n_compared += 1
                    n_within += bool(abs(mean[i] - number.mean) <= 1)
            blocks += [f"## {setting.title}", Table(rows)]
            manifest[name] = {
                **about_dataset(dataset, setting.metric),
                "surrogate": config.to_dict(),
            }
    n = sum(len(OPERATIONS[name]) for name in names)
    words = (
        f"The MLP is more than a point above always giving the commoner answer for {n_above} of {n}"
        f" operations; {n_within} of the {n_compared} accuracies that the paper prints without a"
        " slip are met within a point."
    )
    done = (
        f"An MLP (two hidden layers of {WIDTH}, {epochs} epochs) says from the standardised"
        " surrogate whether an operation occurs in the architecture. 80 % of the architectures"
        f" train it, 20 % test it; mean (standard deviation) of {trials} trials, in per cent. The"
        " paper does not state the MLP. Most architectures have most operations, so the last"
        " column says what an answer without looking is worth. The paper's pooling on"
        " NAS-Bench-201 is printed as 1.0 (0.1), a slip: its text says above 92 in all cases."
    )
    return Page(
        "Table 12: does the surrogate tell which operations occur?",
        done,
        [words, *blocks],
        manifest={"spaces": manifest, "trials": trials, "epochs": epochs},
    )


def occurs(table: ArchTable, ops: list[str]) -> Tensor:
    """(N, len(ops)) float32: 1 where an operation of that name is among an architecture's nodes."""
    counts = np.zeros((len(table), table.n_ops), bool)
    counts[table.node_graph, table.ops] = True
    return torch.from_numpy(counts[:, [table.vocabulary.index(op) for op in ops]]).float()


def accuracies(
    surrogate: Tensor, present: Tensor, seed: int, epochs: int
) -> npt.NDArray[np.float64]:
    """(n_ops,): shares of right answers on the test rows of one trial."""
    with seeded(seed, "operations"):
        order = torch.randperm(len(surrogate))
        n_train = int(0.8 * len(order))
        train, test = order[:n_train], order[n_train:]
        model = nn.Sequential(
            nn.Linear(surrogate.shape[1], WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, present.shape[1]),
        )
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR, fused=True)
        n_steps = epochs * -(-n_train // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=n_steps + 1)
        for _ in range(epochs):
            for rows in train[torch.randperm(n_train)].split(BATCH):
                loss = binary_cross_entropy_with_logits(
                    model(surrogate.index_select(0, rows)), present.index_select(0, rows)
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        with torch.inference_mode():
            right = (model(surrogate[test]) > 0) == present[test].bool()
    share: npt.NDArray[np.float64] = right.double().mean(dim=0).numpy()
    return share
