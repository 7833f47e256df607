from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from command_failures import failure
from nasflow.cli import main
from nasflow.commands.registry import all_commands
from nasflow.datasets import Dataset, Metric
from nasflow.graphs.table import ArchTable
from nasflow.options.protocol import ProtocolConfig
from nasflow.prediction.predictor import Predictor
from nasflow.pretext.registry import pretext_names
from nasflow.statistics.metrics import kendall_tau


def run(*words: str) -> None:
    main(list(words))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Twenty chains of attention and MLP blocks; every second one has an accuracy."""
    lines = []
    for i in range(20):
        blocks = ["attn" if i >> b & 1 else "mlp" for b in range(5)]
        record = {"ops": ["input", *blocks, "output"], "edges": [[j, j + 1] for j in range(6)]}
        if i % 2 == 0:
            record["accuracy"] = 60.0 + 3 * blocks.count("attn") + 0.1 * i
        lines.append(json.dumps(record))
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(lines))
    return path


def test_a_users_own_space_goes_from_jsonl_to_a_ranking(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, fitted, out = (
        str(tmp_path / name) for name in ("p.safetensors", "f.safetensors", "out.csv")
    )
    run("pretrain", str(mine), "--out", model, "--pretrain.epochs", "3", "--encoder.width", "8")
    run("fit", str(mine), "--model", model, "--out", fitted, "--fit.epochs", "20")
    run("predict", "--model", fitted, "--archs", str(mine), "--out", out)
    assert "fitted on 10 of 20 architectures" in capsys.readouterr().out
    held_out = ["--fit.epochs", "20", "--validation", "0.2", "--out", str(tmp_path / "v")]
    # of the paper's method validation rows choose the epoch; a blend has none to choose
    for method, chooses_epoch in (("fgp", True), ("blend", False)):
        run("fit", str(mine), "--model", model, "--method", method, *held_out)
        told = capsys.readouterr().out
        assert "fitted on 8 of 20 architectures" in told
        assert "on the 2 validation rows" in told
        assert ("chosen on these rows" in told) == chooses_epoch
        if method == "fgp":
            assert Predictor.load(tmp_path / "v").fit_config.epoch_pairs == "labelled"
    rows = Path(out).read_text().splitlines()
    assert rows[0] == "row,prediction"
    assert len(rows) == 21
    run("predict", "--model", fitted, "--archs", str(mine), "--top", "3")
    top = capsys.readouterr().out.splitlines()
    assert len(top) == 4
    values = [float(row.split(",")[1]) for row in top[1:]]
    assert values == sorted((float(row.split(",")[1]) for row in rows[1:]), reverse=True)[:3]
    assert not Path(model + ".checkpoint").exists()


def test_a_proxy_goes_from_the_file_into_fit_and_predict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    proxy = rng.normal(size=40)
    table = ArchTable.from_template(("input", "mlp", "output"), [[0, 1, 2]] * 40, [(0, 1), (1, 2)])
    metrics = {
        "accuracy": Metric("accuracy", "what the proxy tells"),
        "free": Metric("free", "a proxy", trained=False),
    }
    values = {"accuracy": np.where(np.arange(40) < 30, 90 + proxy, np.nan), "free": proxy.copy()}
    values["free"][39] = np.nan
    mine, fitted = str(tmp_path / "mine.npz"), str(tmp_path / "f.safetensors")
    Dataset("mine", table, metrics, values).save(mine)
    run(
        "fit",
        mine,
        "--metric",
        "accuracy",
        "--out",
        fitted,
        "--fit.proxies",
        "[free]",
        "--fit.epochs",
        "20",
        "--fit.lr",
        "0.01",
        "--encoder.width",
        "8",
    )
    assert (
        "1 of 40 rows have no value of free: they count as in the middle" in capsys.readouterr().out
    )
    run("predict", "--model", fitted, "--archs", mine)
    out = capsys.readouterr()
    predicted = [float(row.split(",")[1]) for row in out.out.splitlines()[1:]]
    assert (
        kendall_tau(np.array(predicted[30:39]), proxy[30:39]) > 0.7
    )  # the graphs are all the same
    assert "1 of 40 rows have no value of free" in out.err
    without = tmp_path / "without.jsonl"
    without.write_text('{"ops": ["input", "output"], "edges": [[0, 1]]}\n')
    assert "unknown metric of without 'free'" in failure(
        capsys, "predict", "--model", fitted, "--archs", str(without)
    )
    assert "a metric that needs no training) 'accuracy'; legal: free" in failure(
        capsys, "fit", mine, "--metric", "accuracy", "--fit.proxies", "[accuracy]"
    )


def test_every_task_is_taught_and_trains_from_the_command_line(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, option in (
        ("evaluate", "--methods METHODS"),
        ("pretrain", "--pretrain.pretext PRETEXT"),
    ):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        text = " ".join(capsys.readouterr().out.split()).partition(f"{option} ")[2][
            :200
        ]  # not option] of the usage
        assert all(
            name in text for name in pretext_names() if name != "vectors"
        )  # Python alone gives it columns
    run(
        "pretrain",
        str(mine),
        "--out",
        str(tmp_path / "p"),
        "--pretrain.pretext",
        "graphcl+arch2vec+gmae",
        "--pretrain.epochs",
        "1",
        "--encoder.width",
        "8",
        "--task.gmae.mask_share",
        "0.5",
    )
    assert "graphcl+arch2vec+gmae on 20 architectures" in capsys.readouterr().out


def test_bad_input_ends_in_one_line_that_names_value_and_remedy(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean 'nbgraph-cora'" in failure(capsys, "data", "info", "nbgraph-core")
    assert "unknown metric of nbgraph-proteins 'acc'" in failure(
        capsys, "evaluate", "nbgraph-proteins", "--metric", "acc", "--out", str(tmp_path)
    )
    assert "unknown method 'flwo'" in failure(
        capsys, "evaluate", "nbgraph-proteins", "--methods", "flwo", "--out", str(tmp_path)
    )
    assert "unknown command 'predcit' (did you mean 'predict'?)" in failure(capsys, "predcit")
    assert "does not exist" in failure(capsys, "fit", str(tmp_path / "none.jsonl"))
    assert "SurrogateConfig.k is 0; legal" in failure(
        capsys, "surrogate", str(mine), "--surrogate.k", "0"
    )
    assert "did you mean 'fit.lr'?" in failure(capsys, "fit", str(mine), "--fit.lerning_rate", "1")
    assert "Expected a <class 'int'>" in failure(capsys, "fit", str(mine), "--fit.epochs", "many")
    (tmp_path / "m").write_bytes(b"not a model")
    assert "truncated or no safetensors" in failure(
        capsys, "predict", "--model", str(tmp_path / "m"), "--archs", "x"
    )
    assert "no method is named" in failure(
        capsys, "evaluate", "nbgraph-proteins", "--methods", ",", "--out", str(tmp_path)
    )
    assert f"{tmp_path}: is a folder; name a file" in failure(
        capsys, "surrogate", str(mine), "--out", str(tmp_path)
    )
    assert "--jobs is 0" in failure(capsys, "evaluate", "nbgraph-proteins", "--jobs", "0")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"ops": ["a", "b"], "edges": [[0, 1], [1, 0]]}\n')
    assert "bad.jsonl line 1: edge list has a cycle 0 -> 1 -> 0" in failure(
        capsys, "pretrain", str(bad)
    )


def test_an_unknown_operation_names_the_line(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = str(tmp_path / "f")
    run("fit", str(mine), "--out", fitted, "--fit.epochs", "1", "--encoder.width", "8")
    other = tmp_path / "other.jsonl"
    other.write_text('{"ops": ["input"], "edges": []}\n{"ops": ["conv"], "edges": []}\n')
    assert (
        "other.jsonl line 2: unknown operation 'conv'; legal: attn, input, mlp, output"
        in failure(capsys, "predict", "--model", fitted, "--archs", str(other))
    )


def test_an_output_that_cannot_be_written_is_named_before_the_work(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is a folder; name a file" in failure(capsys, "fit", str(mine), "--out", str(tmp_path))
    below_a_file = str(mine / "model")
    assert "is no folder that can be written to" in failure(
        capsys, "pretrain", str(mine), "--out", below_a_file
    )


def test_surrogates_and_their_map_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        "surrogate",
        "nbgraph-proteins",
        "--out",
        str(tmp_path / "s.npz"),
        "--picture",
        str(tmp_path / "m.png"),
    )
    assert "surrogates (2021, 8)" in capsys.readouterr().out
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_data_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    run("data", "list")
    assert "nbgraph-cora" in capsys.readouterr().out
    run("data", "info", "nbgraph-proteins")
    out = capsys.readouterr().out
    assert "2,021 architectures of 6.0 nodes" in out
    assert "test_perf" in out


@pytest.mark.parametrize("name", list(all_commands()))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*name.split(), "--help"])
    assert stop.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assert all_commands()[name].summary in out
    assert f"Example: {all_commands()[name].example}" in out


@pytest.mark.parametrize("words", [["--help"], ["evaluate", "--help"], ["data", "list"]])
def test_help_is_quick_and_imports_neither_torch_nor_matplotlib(words: list[str]) -> None:
    code = (
        "import sys; from nasflow.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules or 'scipy' in sys.modules)"
    )
    # of the processor, not of the clock: other work on the machine is not the command's fault;
    # neither is a slow one
    assert _processor_seconds(code) < max(0.4, 2 * _processor_seconds("import jsonargparse, numpy"))


def _processor_seconds(code: str) -> float:
    """The least of three runs of a program."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(seconds)


def test_every_option_of_the_protocol_reaches_the_grid(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}

    def evaluate(*_: object, **options: object) -> str:
        seen.update(options)
        return ""

    monkeypatch.setattr("nasflow.experiments.evaluate.evaluate", evaluate)
    given = {
        "ratio": 0.5,
        "n_validation": 3,
        "group": "isomorphism",
        "pretrain_on": "training-half",
        "pretrain_share": 0.5,
        "test_metric": "accuracy",
        "splits": (1,),
        "seeds": (2, 3),
    }
    assert set(given) == set(
        ProtocolConfig().to_dict()
    )  # an option that comes later belongs here too
    words = [
        f"--{name}={list(value) if isinstance(value, tuple) else value}"
        for name, value in given.items()
    ]
    main(["evaluate", str(mine), *words])
    assert seen["protocol"] == ProtocolConfig(**given)


def test_a_space_gives_its_options_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for words in (
        ["nb201", "--budget", "5"],
        ["--budget", "5", "nb201"],
        ["--budget", "5", "darts"],
    ):
        with pytest.raises(SystemExit):
            main(["search", *words, "--strategy", "fgp", "--train", "true", "--print_config"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert printed[0] != printed[2].replace("darts", "nb201")
