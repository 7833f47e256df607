"""`features`, `surrogate` and `embed` of long tables: part by part, by whom, after a kill."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command_failures import failure
from nasflow import (
    Dataset,
    EncoderConfig,
    FitConfig,
    FlowSurrogate,
    Predictor,
    PretrainConfig,
    to_features,
)
from nasflow.cli import main
from nasflow.datasets import Metric, long_table
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.spaces.nb201 import NB201

CELLS = NB201().enumerate()
N = 10_000
"""Rows: more than one part, in which each cell comes more than once."""
ROWS = np.random.default_rng(0).integers(0, 3_000, N) * 5
TABLE = CELLS[ROWS]
COST = np.where(np.arange(N) % 7 == 3, np.nan, np.sin(np.arange(N)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in several forms, one with numbers, and a pre-trained model."""
    folder = tmp_path_factory.mktemp("rows")
    metrics = {"cost": Metric("cost", "a proxy", unit="", trained=False)}
    Dataset("many", TABLE, metrics, {"cost": COST}).save(folder / "many.npz")
    texts = [json.dumps(graph.to_dict())[:-1] for graph in CELLS[:15_000:5]]
    lines = []
    for row, cost in zip((ROWS // 5).tolist(), COST.tolist(), strict=True):
        lines.append(f'{texts[row]}, "cost": {"null" if cost != cost else cost}}}\n')
    (folder / "many.jsonl").write_text("".join(lines))
    (folder / "many.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode(), 1))
    numbered(8_600).save(folder / "numbers.npz")
    with (folder / "numbers.jsonl").open("w") as file:
        for graph in numbered(8_600).table:
            file.write(json.dumps(graph.to_dict()) + "\n")
    encoder = EncoderConfig("mlp", width=8, max_nodes=8)
    model = Predictor(encoder=encoder, pretrain=PretrainConfig(epochs=1))
    model.pretrain(CELLS[::50]).save(folder / "pretrained.safetensors")
    return folder


def numbered(n: int) -> Dataset:
    """Rows whose nodes have widths, at first none; some with a learning rate."""
    table = TABLE[:n]
    rng = np.random.default_rng(1)
    widths = rng.integers(1, 100, (len(table.ops), 1)).astype(np.float32)
    widths[table.node_graph < 8_500] = np.nan
    rates = np.where(np.arange(n) % 3, 0.1 * np.arange(n), np.nan).astype(np.float32)[:, None]
    with_numbers = ArchTable.from_arrays(
        table.vocabulary,
        table.ops,
        table.node_ptr,
        table.edges,
        table.edge_ptr,
        attr_names=("width",),
        attrs=widths,
        global_names=("lr",),
        globals=rates,
    )
    return Dataset("numbers", with_numbers, {}, {})


@pytest.fixture(autouse=True)
def _in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read in parts as well."""
    monkeypatch.setattr(long_table, "_SMALL", 0)
    monkeypatch.chdir(folder)


COMMANDS = {
    "surrogate": "surrogate {source}",
    "features": "features {source} --groups counts,proxies,flow --proxies cost",
    "embed": "embed --model pretrained.safetensors --archs {source}",
}


def words(command: str, source: str, *more: str) -> list[str]:
    return [*COMMANDS[command].format(source=source).split(), *more]


@pytest.mark.parametrize("source", ["many.npz", "many.jsonl", "many.jsonl.gz"])
def test_surrogates_are_those_of_the_whole(source: str) -> None:
    main(words("surrogate", source, "--out", "s.npz"))
    arrays = dict(np.load("s.npz"))
    assert list(arrays) == ["surrogate"]
    assert arrays["surrogate"].dtype == np.float32
    # of a text the vocabulary is what occurs, sorted
    table = TABLE if source == "many.npz" else TABLE.with_vocabulary(tuple(sorted(NB201().ops)))
    whole = FlowSurrogate(table.n_ops).targets(table).numpy()
    np.testing.assert_allclose(arrays["surrogate"], whole, atol=1e-5)
    main(words("surrogate", source, "--out", "raw.npy", "--surrogate.standardise", "false"))
    raw = FlowSurrogate(table.n_ops, SurrogateConfig(standardise=False)).targets(table).numpy()
    np.testing.assert_array_equal(np.load("raw.npy"), raw)


@pytest.mark.parametrize("source", ["many.npz", "many.jsonl"])
def test_features_are_those_of_the_whole_to_the_bit(source: str) -> None:
    groups = ["paths", "proxies", "counts", "one-hot", "flow"]
    main(["features", source, "--groups", ",".join(groups), "--proxies", "cost", "--out", "f.npz"])
    arrays = dict(np.load("f.npz"))
    table = TABLE if source == "many.npz" else TABLE.with_vocabulary(tuple(sorted(NB201().ops)))
    features, names = to_features(table, groups, proxies={"cost": COST})
    assert arrays["names"].tolist() == names
    np.testing.assert_array_equal(arrays["features"], features)
    np.savez_compressed("numpy.npz", features=features, names=np.array(names))
    assert Path("numpy.npz").read_bytes() == Path("f.npz").read_bytes()


def test_ranks_alone_are_features_too() -> None:
    main(["features", "many.npz", "--groups", "proxies", "--proxies", "cost", "--out", "f.npz"])
    expected, _ = to_features(TABLE, ["proxies"], proxies={"cost": COST})
    np.testing.assert_array_equal(np.load("f.npz")["features"], expected)


@pytest.mark.parametrize("source", ["numbers.npz", "numbers.jsonl"])
def test_numbers_are_seen_in_the_units_of_the_whole_table(source: str) -> None:
    table = numbered(8_600).table
    if source.endswith("jsonl"):
        table = table.with_vocabulary(tuple(sorted(NB201().ops)))
    main(["features", source, "--out", "f.npz"])
    arrays = dict(np.load("f.npz"))
    # the first row has none: that there are some a later part says
    features, names = to_features(table)
    assert arrays["names"].tolist() == names
    assert "values.last.width@conv3x3" in names
    exact = [not name.startswith("flow.") for name in names]
    np.testing.assert_array_equal(arrays["features"][:, exact], features[:, exact])
    # units of parts are merged, and round otherwise than those of the whole
    np.testing.assert_allclose(arrays["features"], features, rtol=1e-5, atol=1e-5)
    main(["surrogate", source, "--out", "s.npz"])
    whole = FlowSurrogate(table.n_ops).targets(table).numpy()
    np.testing.assert_allclose(np.load("s.npz")["surrogate"], whole, atol=1e-4)


@pytest.mark.parametrize("source", ["many.npz", "many.jsonl"])
def test_embeddings_are_those_of_the_predictor(source: str) -> None:
    main(words("embed", source, "--out", "e.npz"))
    whole = Predictor.load("pretrained.safetensors").embed(TABLE)
    np.testing.assert_allclose(np.load("e.npz")["embedding"], whole, atol=1e-6)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_the_same_bytes_by_two_processes(command: str) -> None:
    main(words(command, "many.jsonl", "--out", "one.npz"))
    main(words(command, "many.jsonl", "--out", "two.npz", "--jobs", "2"))
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes()


def test_a_fitted_encoder_embeds_as_it_was_fitted(tmp_path: Path) -> None:
    encoder = EncoderConfig("mlp", width=8, max_nodes=8)
    fgp = Predictor(model="fgp", encoder=encoder, fit=FitConfig(epochs=2))
    fgp.fit(TABLE[:20], np.arange(20.0)).save(tmp_path / "fgp.safetensors")
    model = ["--model", str(tmp_path / "fgp.safetensors")]
    main(["embed", *model, "--archs", "many.npz", "--out", str(tmp_path / "e.npy")])
    np.testing.assert_allclose(np.load(tmp_path / "e.npy"), fgp.embed(TABLE), atol=1e-6)


KILLED = """
import os, signal, sys
from nasflow.cli import main
from nasflow.datasets import long_table
from nasflow.running import unfinished
long_table._SMALL = 0
unfinished._SECONDS_BETWEEN_SAVES = -1
add = unfinished.UnfinishedFile.add
def killed(self, content, state):
    add(self, content, state)
    seen = state["survey"]["n_rows"] if sys.argv[1] == "survey" else state.get("n_rows", 0)
    if seen >= 8_192:
        os.kill(os.getpid(), signal.SIGKILL)
unfinished.UnfinishedFile.add = killed
main(sys.argv[2:])
"""


@pytest.mark.parametrize(
    ("command", "where", "told"),
    [
        ("surrogate", "rows", "going on behind the 8,192 rows of an earlier run"),
        ("features", "rows", "going on behind the 8,192 rows of an earlier run"),
        ("embed", "rows", "going on behind the 8,192 rows of an earlier run"),
        ("features", "survey", "behind the 8,192 rows that an earlier run looked through"),
    ],
)
def test_a_command_that_is_killed_goes_on_and_ends_with_the_same_file(
    command: str, where: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(words(command, "many.jsonl", "--out", "whole.npz"))
    resumed = words(command, "many.jsonl", "--out", "out.npz")
    stopped = subprocess.run([sys.executable, "-c", KILLED, where, *resumed], check=False)
    assert stopped.returncode == -signal.SIGKILL
    assert Path("out.npz.partial.json").exists()
    assert not Path("out.npz").exists()
    capsys.readouterr()
    main(resumed)
    assert told in capsys.readouterr().err
    assert Path("out.npz").read_bytes() == Path("whole.npz").read_bytes()
    assert not list(folder.glob("*.partial*"))
    Path("out.npz").unlink()


def test_other_options_begin_anew(capsys: pytest.CaptureFixture[str]) -> None:
    first = words("surrogate", "many.jsonl", "--out", "x.npz")
    subprocess.run([sys.executable, "-c", KILLED, "rows", *first], check=False)
    capsys.readouterr()
    main([*first, "--surrogate.k", "3"])
    assert "earlier run" not in capsys.readouterr().err
    assert np.load("x.npz")["surrogate"].shape == (N, 3)


def test_a_group_that_was_edited_begins_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = tmp_path / "mine.py"
    code = (
        "import numpy as np\n"
        "from nasflow.features.base import FeatureGroup\n"
        "class Mine(FeatureGroup):\n"
        "    names = ['mine.one']\n"
        "    def __call__(self, rows):\n"
        "        return np.full((len(rows.table), 1), 1.0)\n"
    )
    group.write_text(code)
    asked = ["features", "many.jsonl", "--groups", f"{group}:Mine", "--out", "x.npz"]
    subprocess.run([sys.executable, "-c", KILLED, "rows", *asked], check=False)
    assert Path("x.npz.partial.json").exists()
    group.write_text(code.replace("1.0", "-20.0"))
    capsys.readouterr()
    main(asked)
    assert "earlier run" not in capsys.readouterr().err
    assert (np.load("x.npz")["features"] == -20).all()
    Path("x.npz").unlink()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_each_kind_of_file_has_the_same_numbers(command: str) -> None:
    for ending in ("csv", "npy", "npz", "parquet"):
        main(words(command, "many.npz", "--out", f"k.{ending}"))
    array = {"surrogate": "surrogate", "features": "features", "embed": "embedding"}[command]
    values = np.load("k.npz")[array]
    np.testing.assert_array_equal(np.load("k.npy"), values)
    of_parquet, of_csv = pd.read_parquet("k.parquet"), pd.read_csv("k.csv")
    np.testing.assert_array_equal(of_parquet.to_numpy(), values)
    np.testing.assert_allclose(of_csv.to_numpy(), values, rtol=1e-8)
    assert list(of_parquet.columns) == list(of_csv.columns)
    assert of_csv.columns[0].startswith(("surrogate.0", "counts.", "embedding.0"))


@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_malformed_row_is_named_by_its_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Path("many.jsonl").read_text().splitlines()
    good[9_000] = '{"ops": ["input"], "edges": [[0, 0]], "cost": 1}'
    path = tmp_path / "bad.jsonl"
    path.write_text("\n".join(good))
    told = failure(capsys, *words(command, str(path), "--out", str(tmp_path / "o.npz")))
    assert "line 9001" in told
    assert [file.name for file in tmp_path.iterdir()] == ["bad.jsonl"]


def test_a_row_without_a_surrogate_is_counted_over_the_whole_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = failure(capsys, "surrogate", "many.npz", "--out", "o.npz", "--surrogate.sigma", "1e30")
    assert "row 0: the surrogate of a graph of 8 nodes overflows" in told
    assert not Path("o.npz.partial").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--out", "x.txt"], "legal endings: .csv, .npy, .npz, .parquet"),
        (["--jobs", "0"], "--jobs is 0; legal: a whole number of at least 1"),
    ],
)
@pytest.mark.parametrize("command", list(COMMANDS))
def test_illegal_options_are_said_before_anything_is_read(
    command: str, more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in failure(capsys, *words(command, "nowhere.jsonl", "--out", "x.npz", *more))


@pytest.mark.parametrize("command", list(COMMANDS))
@pytest.mark.parametrize("source", ["empty.jsonl", "empty.jsonl.gz", "nowhere.jsonl"])
def test_a_file_without_rows_is_one_line(
    command: str, source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / source
    if source == "empty.jsonl":
        path.write_text("\n")
    elif source == "empty.jsonl.gz":
        path.write_bytes(gzip.compress(b""))
    told = failure(capsys, *words(command, str(path), "--out", str(tmp_path / "o.npz")))
    assert source in told
    assert not (tmp_path / "o.npz").exists()


@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_saved_table_without_rows_gives_a_matrix_without_rows(
    command: str, tmp_path: Path
) -> None:
    metrics = {"cost": Metric("cost", "a proxy", unit="", trained=False)}
    Dataset("none", TABLE[:0], metrics, {"cost": COST[:0]}).save(tmp_path / "none.npz")
    for ending in ("npz", "csv", "parquet"):
        out = str(tmp_path / f"o.{ending}")
        main(words(command, str(tmp_path / "none.npz"), "--out", out))
    assert pd.read_csv(tmp_path / "o.csv").shape == pd.read_parquet(out).shape
    assert len(pd.read_parquet(out)) == 0


def test_a_column_that_is_not_there_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    for source in ("many.npz", "many.jsonl"):
        told = failure(capsys, "features", source, "--proxies", "price", "--out", "f.npz")
        assert "'price'" in told
        assert "cost" in told


def test_an_encoder_that_has_learnt_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blend = Predictor(effort="fast").fit(TABLE[:20], np.arange(20.0))
    blend.save(tmp_path / "blend.safetensors")
    model = ["--model", str(tmp_path / "blend.safetensors")]
    told = failure(capsys, "embed", *model, "--archs", "many.npz", "--out", "e.npz")
    assert "has learnt nothing" in told


def test_a_file_that_changes_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "grows.npz"
    path.write_bytes(Path("many.npz").read_bytes())
    read = long_table.LongTable.first_row

    def grown(self: long_table.LongTable) -> ArchTable:
        with path.open("ab") as file:
            file.write(b" ")
        return read(self)

    monkeypatch.setattr(long_table.LongTable, "first_row", grown)
    told = failure(capsys, "surrogate", str(path), "--out", str(tmp_path / "s.npz"))
    assert "was changed or replaced" in told
