"""operations: does the surrogate tell which operations an architecture has? (The paper's table 12.)

An MLP with two hidden layers sees the standardised surrogate and says, for each operation, whether
it occurs anywhere in the architecture: one output each, trained together on 80 % of the
architectures and tested on the rest. Ten trials, each with a split and weights of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from nasflow_paper.published import Number
from nasflow_paper.reproductions.base import Block, Page, PageTable, ReproduceOptions
from nasflow_paper.reproductions.comparison import papers_numbers

OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "nb101": {"conv1x1": "conv1x1", "conv3x3": "conv3x3", "pooling": "maxpool3x3"},
    "nb201": {"conv1x1": "conv1x1", "conv3x3": "conv3x3", "pooling": "avgpool3x3"},
}
"""By space: the paper's names of operations, and the vocabulary's."""
# of our own choice: the paper does not state the MLP, nor how it was trained
TRIALS, EPOCHS = 10, 100
WIDTH, BATCH, LR = 128, 256, 3e-3


@dataclass(frozen=True)
class _Answer:
    """How well the MLP says whether one operation occurs; in per cent."""

    operation: str
    mean: float
    std: float
    share: np.float32
    """Of the architectures that have it."""
    paper: Number

    @property
    def commoner(self) -> np.float32:
        """The accuracy of always giving the commoner answer."""
        return max(self.share, 100 - self.share)

    @property
    def is_above(self) -> bool:
        """Whether it is more than a point above that: less may be chance."""
        return bool(self.mean > self.commoner + 1)

    @property
    def is_within(self) -> bool:
        """Whether the paper's number is met within a point."""
        return bool(abs(self.mean - self.paper.mean) <= 1)


def operations(options: ReproduceOptions) -> Page:
    """The page on what an MLP reads from the surrogate."""
    # 2 trials of 5 epochs: enough to see that everything runs
    trials, epochs = (2, 5) if options.quick else (TRIALS, EPOCHS)
    blocks: list[Block] = []
    manifest = {}
    answers: list[_Answer] = []
    names = options.choose(TWO_SPACES)
    with progress_bar("trials", trials * len(names), show=options.progress) as advance:
        for name in names:
            setting = SETTINGS[name]
            dataset = setting.dataset()
            table, config = dataset.table, setting.stages("flow").surrogate
            surrogate = FlowSurrogate(table.n_ops, config).targets(table)  # (N, k)
            present = occurs(table, list(OPERATIONS[name].values()))  # (N, n_ops)
            accuracy = []
            for seed in range(trials):
                accuracy.append(100 * accuracies(surrogate, present, seed, epochs))
                advance(f"{name}, trial {seed}")
            share = 100 * present.mean(dim=0).numpy()
            of_space = _answers(name, np.stack(accuracy), share)
            answers.extend(of_space)
            blocks.extend([f"## {setting.title}", PageTable(_rows(of_space))])
            manifest[name] = {
                **about_dataset(dataset, setting.metric),
                "surrogate": config.to_dict(),
            }
    n_above = sum(answer.is_above for answer in answers)
    # a number that cannot be right would be counted as missed
    compared = [answer for answer in answers if not answer.paper.slip]
    n_within = sum(answer.is_within for answer in compared)
    words = (
        f"The MLP is more than a point above always giving the commoner answer for {n_above} of"
        f" {len(answers)} operations; {n_within} of the {len(compared)} accuracies that the paper"
        " prints without a slip are met within a point."
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


def _answers(
    name: str, accuracy: npt.NDArray[np.float64], share: npt.NDArray[np.float32]
) -> list[_Answer]:
    """The answers for the operations of a space.

    Args:
        name: the space.
        accuracy: (trials, n_ops), in per cent.
        share: (n_ops,), per cent of the architectures that have the operation.
    """
    mean, std = accuracy.mean(axis=0), accuracy.std(axis=0)
    paper = papers_numbers(["table12"], "MLP", name)["accuracy"]
    return [
        _Answer(operation, mean[i], std[i], share[i], paper[operation])
        for i, operation in enumerate(OPERATIONS[name])
    ]


def _rows(answers: Sequence[_Answer]) -> list[list[str]]:
    """Header and a row for each operation."""
    header = [
        "operation",
        "accuracy",
        "paper",
        "architectures that have it",
        "always the commoner answer",
    ]
    rows = [header]
    for answer in answers:
        rows.append(
            [
                answer.operation,
                f"{answer.mean:.1f} ({answer.std:.1f})",
                str(answer.paper),
                f"{answer.share:.1f} %",
                f"{answer.commoner:.1f}",
            ]
        )
    return rows


def occurs(table: ArchTable, ops: list[str]) -> Tensor:
    """(N, len(ops)) float32: 1 where an operation of that name is among an architecture's nodes."""
    present = np.zeros((len(table), table.n_ops), bool)
    present[table.node_graph, table.ops] = True
    columns = [table.vocabulary.index(op) for op in ops]
    return torch.from_numpy(present[:, columns]).float()


def accuracies(
    surrogate: Tensor, present: Tensor, seed: int, epochs: int
) -> npt.NDArray[np.float64]:
    """(n_ops,): shares of right answers on the test rows of one trial.

    Args:
        surrogate: (N, k) float32.
        present: (N, n_ops) float32, from `occurs`.
        seed: of the split, the weights and the order of the batches.
        epochs: of training.
    """
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
        n_steps = epochs * math.ceil(n_train / BATCH)
        # one more than there are steps: its least rate, next to nothing, comes after the last
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
