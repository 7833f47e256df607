"""The subcommands of `nasflow`. A new one is a module of this package with `add_arguments` and `run`, and a line here.

Options are the dataclasses of `config.py`. A command's module is imported when the command is asked for, and what does
the work inside its `run`, so that the help of any command is there at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from nasflow.commands.shared import Namespace, Parser
from nasflow.registries import imported


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, and the module that knows its arguments and what it does with them."""

    module: str
    """Its name in this package."""
    summary: str
    example: str

    def add_arguments(self, parser: Parser, words: list[str]) -> None:
        """Add the arguments; some defaults depend on the `words` of the command line."""
        imported(f"nasflow.commands.{self.module}:add_arguments")(parser, words)

    def run(self, options: Namespace) -> None:
        """Do the work."""
        imported(f"nasflow.commands.{self.module}:run")(options)


COMMANDS = {
    "demo": Command("demo", "See the main idea on real data, offline, in a few minutes", "nasflow demo --out demo"),
    "data list": Command("data_list", "List the benchmarks and where their numbers come from", "nasflow data list"),
    "data info": Command("data_info", "Describe one benchmark or file: size, operations, metrics",
                         "nasflow data info nbgraph-cora"),
    "data import": Command("data_import", "Turn an official benchmark file or a table of yours into an .npz",
                           "nasflow data import nb101-tfrecord nasbench_only108.tfrecord --out nb101.npz"),
    "surrogate": Command("surrogate", "Compute flow surrogates, and draw their map",
                         "nasflow surrogate nbgraph-cora --picture map.png"),
    "proxies": Command("proxies", "Measure untrained networks: zero-cost proxies of a whole space",
                       "nasflow proxies nb201 --measures jacob_cov,nwot --out proxies.npz"),
    "pretrain": Command("pretrain", "Pre-train an encoder on architectures without labels",
                        "nasflow pretrain mine.jsonl --out pretrained.safetensors"),
    "fit": Command("fit", "Fine-tune on a few labelled architectures",
                   "nasflow fit labelled.jsonl --model pretrained.safetensors --metric accuracy"),
    "predict": Command("predict", "Predict the performance of architectures",
                       "nasflow predict --model fitted.safetensors --archs mine.jsonl --top 10"),
    "search": Command("search", "Find the best architecture for a budget of trainings",
                      'nasflow search nb201 --train "python train.py {arch_json}" --budget 50 --parallel 2 '
                      "--study study.db"),
    "evaluate": Command("evaluate", "Compare methods on a benchmark: splits x seeds, paired differences",
                        "nasflow evaluate nb201 --metric cifar10_test --ratio 0.01 --methods none,flow,flow+proxy"),
    "reproduce": Command("reproduce", "Measure a table or figure of the paper, and write a page on it",
                         "nasflow reproduce surrogate-map --out runs/reproduce"),
    "tune": Command("tune", "Choose the options of each method on the validation rows of a space",
                    "nasflow tune nb201 --trials 12 --out runs/tune"),
    "report": Command("report", "Show results as one HTML page: tables, curves, a map with its cells",
                      "nasflow report runs/nb201 --out report.html"),
}
