"""The subcommands of `nasflow`. A new one is a module of this package with `add_arguments` and
`run`, and an entry here.

Options are the dataclasses of `nasflow.options` and of the plug-ins. A command's module is imported
when the command is asked for, and what does the work inside its `run`, so that the help of any
command is there at once.

An installed package adds a command by an entry point `nasflow.commands` that names a `Command`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasflow.running.registry import Registry, imported

if TYPE_CHECKING:
    from nasflow.commands.shared import Namespace, Parser


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, and the module that knows its arguments and what it does with
    them.
    """

    summary: str
    example: str
    module: str
    """The module's name; it has `add_arguments(parser, words)` and `run(options)`."""

    def add_arguments(self, parser: Parser, words: list[str]) -> None:
        """Add the arguments; some defaults depend on the `words` of the command line."""
        imported(f"{self.module}:add_arguments")(parser, words)

    def run(self, options: Namespace) -> None:
        """Do the work."""
        imported(f"{self.module}:run")(options)


# in the order of the overview; the module is the name, with _ for a space and for -
_BUILTIN = {
    "demo": (
        "See the main idea on real data, offline, in a few minutes",
        "nasflow demo --out demo",
    ),
    "data list": (
        "List the benchmarks and where their numbers come from",
        "nasflow data list",
    ),
    "data info": (
        "Describe one benchmark or file: size, operations, metrics",
        "nasflow data info nbgraph-cora",
    ),
    "data import": (
        "Turn an official benchmark file or a table of yours into an .npz",
        "nasflow data import nb101-tfrecord nasbench_only108.tfrecord --out nb101.npz",
    ),
    "import-models": (
        "Turn ONNX files and exported PyTorch programs into a table",
        "nasflow import-models models --inputs 1,3,224,224 --out models.jsonl",
    ),
    "data sample": (
        "Draw architectures of a space into a table",
        "nasflow data sample space.yaml --n 1000 --out archs.jsonl",
    ),
    "choose": (
        "Choose which architectures to train first: those that teach most",
        "nasflow choose mine.jsonl --n 60 --out to_train.jsonl",
    ),
    "features": (
        "Write features of graphs, named column by column, for any model",
        "nasflow features mine.jsonl --out features.csv",
    ),
    "surrogate": (
        "Compute flow surrogates, and draw their map",
        "nasflow surrogate nbgraph-cora --picture map.png",
    ),
    "proxies": (
        "Measure untrained networks: zero-cost proxies of a whole space",
        "nasflow proxies nb201 --measures jacob_cov,nwot --out proxies.npz",
    ),
    "pretrain": (
        "Pre-train an encoder on architectures without labels",
        "nasflow pretrain mine.jsonl --out pretrained.safetensors",
    ),
    "fit": (
        "Fine-tune on a few labelled architectures",
        "nasflow fit labelled.jsonl --model pretrained.safetensors --metric accuracy",
    ),
    "predict": (
        "Predict the performance of architectures",
        "nasflow predict --model fitted.safetensors --archs mine.jsonl --top 10",
    ),
    "embed": (
        "Write what an encoder makes of graphs: a vector for each, for any model",
        "nasflow embed --model pretrained.safetensors --archs mine.jsonl --out emb.npz",
    ),
    "search": (
        "Find the best architecture for a budget of trainings",
        (
            'nasflow search nb201 --train "python train.py {arch_json}" --budget 50 --parallel 2'
            " --study study.db"
        ),
    ),
    "study": (
        "Look at a search, correct or forget a result, without training",
        "nasflow study study.db --top 20 --csv trials.csv",
    ),
    "evaluate": (
        "Compare methods on a benchmark: splits x seeds, paired differences",
        "nasflow evaluate nb201 --metric cifar10_test --ratio 0.01 --methods none,flow,flow+proxy",
    ),
    "tune": (
        "Choose the options of each method on the validation rows of a space",
        "nasflow tune nb201 --trials 12 --out runs/tune",
    ),
    "report": (
        "Show results as one HTML page: tables, curves, a map with its cells",
        "nasflow report runs/nb201 --out report.html",
    ),
}

_PLUG_INS: Registry[Command] = Registry(
    "command",
    "nasflow.commands",
    {},
    lambda part: isinstance(part, Command),
    "a nasflow.commands.registry.Command",
)


def find_command(words: list[str]) -> tuple[str, Command] | None:
    """The longest command that the words begin with, and its name; None where they begin with none.

    Installed packages are asked only for a name that is none of this package's.
    """
    for name in (" ".join(words[:2]), " ".join(words[:1])):
        if name in _BUILTIN:
            return name, _builtin(name)
    for name in words[:1]:
        if name in _PLUG_INS.names():
            return name, _PLUG_INS.find(name)
    return None


def all_commands() -> dict[str, Command]:
    """Every command by name, those of installed packages last."""
    commands = {name: _builtin(name) for name in _BUILTIN}
    return commands | {
        name: _PLUG_INS.find(name) for name in _PLUG_INS.names() if name not in commands
    }


def _builtin(name: str) -> Command:
    module = name.replace(" ", "_").replace("-", "_")
    return Command(*_BUILTIN[name], f"nasflow.commands.{module}")
