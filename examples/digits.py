"""A real search: cells of NAS-Bench-201, trained on the CPU to read handwritten digits.

    pip install nasflow
    python examples/digits.py           # 40 trainings, then 40 of random search, 2 at a time

The digits are scikit-learn's. Each training is a small network (8 channels, one cell a stage) on
300 images, 8 x 8 pixels; what is optimised is the accuracy on 600 others. At the end both winners
are trained with three new seeds and tested on the 897 images that no search has seen, and the
better search's winner is exported as a PyTorch program that needs nasflow no more. A killed run
goes on by the same command.
"""

from __future__ import annotations

import argparse
import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from nasflow import Architecture, SearchConfig, SurrogateConfig, load_space
from nasflow.running.seeding import seeded
from nasflow.search import Problem, Study, run
from nasflow.search.outputs import write_results
from nasflow.search.results import results_of
from nasflow.search.view import View

N_TRAIN, N_VALID = 300, 600
EPOCHS, BATCH, LR = 15, 32, 0.05
SPACE = load_space("nb201")


@cache
def digits() -> tuple[Tensor, Tensor]:
    """(1797, 1, 8, 8) images, about 0 on average, and (1797,) classes, in an order drawn once."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = torch.from_numpy(data.images[order]).float().unsqueeze(1) / 8 - 1
    return images, torch.from_numpy(data.target[order])


def trained(architecture: Architecture, seed: int) -> nn.Module:
    """The cell's network, trained on the first `N_TRAIN` images."""
    torch.set_num_threads(1)  # two trainings run at once on two cores
    images, classes = digits()
    with seeded(seed, "digits"):
        network = SPACE.network(architecture, width=8, cells=1, n_classes=10, in_channels=1)
        optimizer = torch.optim.SGD(
            network.parameters(), LR, momentum=0.9, weight_decay=5e-4, nesterov=True
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        network.train()
        for _ in range(EPOCHS):
            for rows in torch.randperm(N_TRAIN).split(BATCH):
                loss = nn.functional.cross_entropy(
                    network(images.index_select(0, rows)), classes.index_select(0, rows)
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            schedule.step()
    return network.eval()


def accuracy(network: nn.Module, rows: slice) -> float:
    """Percent of the images in `rows` that are read rightly."""
    images, classes = digits()
    with torch.inference_mode():
        return 100 * float((network(images[rows]).argmax(1) == classes[rows]).float().mean())


def validation_accuracy(architecture: Architecture) -> float:
    """What the search optimises."""
    return accuracy(trained(architecture, seed=0), slice(N_TRAIN, N_TRAIN + N_VALID))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trainings", type=int, default=40)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--strategies", default="fgp,random")
    parser.add_argument("--out", type=Path, default=Path("runs/digits"))
    options = parser.parse_args()
    problem = Problem(SPACE)
    winners: dict[str, tuple[float, nn.Module]] = {}
    for strategy in options.strategies.split(","):
        config = SearchConfig(strategy=strategy)
        if hasattr(config, "surrogate"):  # random search has none
            config = dataclasses.replace(config, surrogate=SurrogateConfig(k=7))
        study = Study(
            options.out / f"{strategy}.db", problem, config, window=options.parallel, progress=True
        )
        with View(problem, options.trainings, options.parallel) as view:
            run(
                study,
                validation_accuracy,
                options.trainings,
                parallel=options.parallel,
                limit=600,
                watcher=view,
            )
        # table.txt, trials.csv, best.json and search.png
        table = write_results(options.out / strategy, results_of(study, metric="accuracy"))
        networks = [trained(study.best().architecture, seed) for seed in (1, 2, 3)]
        tests = [accuracy(network, slice(N_TRAIN + N_VALID, None)) for network in networks]
        winners[strategy] = float(np.mean(tests)), networks[int(np.argmax(tests))]
        print(
            f"{strategy}: {table}\nits winner, trained anew with three seeds: "
            f"{np.mean(tests):.2f} % (standard deviation {np.std(tests):.2f}) of the test images\n"
        )
    winner = max(winners, key=lambda name: winners[name][0])
    path = options.out / "winner.pt2"
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(
        winners[winner][1], (torch.zeros(4, 1, 8, 8),), dynamic_shapes=({0: batch},)
    )
    torch.export.save(program, path)
    print(
        f"{path}: the winner of {winner}; torch.export.load('{path}').module() gives it back"
        " without nasflow"
    )


if __name__ == "__main__":
    main()
