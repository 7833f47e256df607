"""The product needs nothing of the paper: it works where `nasflow_paper` is not installed.

A copy of nasflow alone runs in processes of its own. Whatever asks for `nasflow_paper` there is
told that there is no such module, and noted: a module that asks and goes on without is found too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nasflow

# runs a command line, or imports every module where none is given; exit status 3: the paper was
# asked for
DRIVER = """
import importlib
import pkgutil
import sys
from pathlib import Path

asked = []


class NoPaper:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nasflow_paper":
            asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NoPaper())

import nasflow
from nasflow.cli import main

assert Path(nasflow.__file__).is_relative_to(Path(__file__).parent), nasflow.__file__


def import_all():
    for module in pkgutil.walk_packages(nasflow.__path__, "nasflow."):
        if module.name == "nasflow.__main__":  # it would run the command line
            continue
        try:
            importlib.import_module(module.name)
            print("imported", module.name)
        except ImportError as error:
            # an extra may not be installed; a module of ours must be there
            if (error.name or "").partition(".")[0] in ("nasflow", "nasflow_paper"):
                raise


try:
    if sys.argv[1:]:
        main(sys.argv[1:])
    else:
        import_all()
finally:
    if asked:
        print("asked for", *asked, file=sys.stderr)
        sys.exit(3)
"""


class Product:
    """nasflow as it is installed without the paper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "nasflow"
        shutil.copytree(
            Path(nasflow.__file__).parent,
            self.package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        # an installation of that name that has no entry points: the first one on the path counts
        metadata = folder / "nasflow-0.1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nasflow\nVersion: 0.1.0\n")
        (folder / "driver.py").write_text(DRIVER)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command line prints; without words, the names of all modules."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(self.folder / "driver.py"), *words]
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def output(self, *words: str) -> str:
        """The same, of a command line that must work."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return Product(tmp_path_factory.mktemp("product"))


def test_every_module_can_be_imported(product: Product) -> None:
    imported = product.output().splitlines()
    modules = [path for path in product.package.rglob("*.py") if path.name != "__init__.py"]
    assert len(imported) > 0.9 * len(modules)  # all but those that need an extra


def test_a_module_that_asks_for_the_paper_is_found(tmp_path: Path) -> None:
    """Also one that goes on without: a test of the test."""
    product = Product(tmp_path)
    sneaky = "try:\n    import nasflow_paper.published\nexcept ImportError:\n    pass\n"
    with (product.package / "errors.py").open("a") as file:
        file.write(sneaky)
    done = product.run("--help")
    assert done.returncode == 3
    assert "asked for nasflow_paper" in done.stderr


def test_the_overview_has_all_commands_but_that_of_the_paper(product: Product) -> None:
    overview = product.output("--help")
    assert "nasflow evaluate " in overview
    assert "reproduce" not in overview
    done = product.run("reproduce", "list")
    assert done.returncode == 2
    assert "unknown command 'reproduce'" in done.stderr


def test_methods_are_compared_and_reported(product: Product, tmp_path: Path) -> None:
    lines = []
    for i in range(32):
        blocks = ["attn" if i >> bit & 1 else "mlp" for bit in range(5)]
        record = {"ops": ["input", *blocks, "output"], "edges": [[j, j + 1] for j in range(6)]}
        lines.append(json.dumps({**record, "accuracy": 60.0 + 3 * blocks.count("attn") + 0.1 * i}))
    data, results, report = (tmp_path / name for name in ("mine.jsonl", "results", "r.html"))
    data.write_text("\n".join(lines))
    small = ["--encoder.width", "8", "--pretrain.epochs", "1", "--fit.epochs", "2", "--jobs", "1"]
    few = ["--methods", "none,flow", "--ratio", "0.5", "--n_validation", "4"]
    runs = ["--splits", "[1,2]", "--seeds", "[1]"]
    product.output("evaluate", str(data), *few, *runs, *small, "--out", str(results))
    table = (results / "table.md").read_text()
    assert all(f"| {method} |" in table for method in ("none", "flow", "features"))
    pytest.importorskip("plotly")
    assert "6 runs" in product.output("report", str(results), "--out", str(report))
    assert report.stat().st_size > 1e6  # plotly.js is in it
