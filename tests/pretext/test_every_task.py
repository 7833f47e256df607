"""What holds for every task: it learns, repeats and resumes to the bit, takes any graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nasflow.prediction.pretrain
from nasflow.encoders.base import Encoder, NodeEncoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig, encoder_names
from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction.pretrain import pretrain
from nasflow.prediction.pretrain_history import PretrainHistory
from nasflow.pretext.registry import PRETEXTS, pretext_names
from oracles import OPS, random_table
from small import encoder_of, labels
from small import table as cells

ODD = [Architecture(("input",)), Architecture(("input", "conv1x1", "output"))]  # one node; no edge
TABLE = ArchTable.concatenate([random_table(61), ArchTable.from_architectures(ODD, OPS)])
DRAWN = np.random.default_rng(0).normal(size=(3, len(TABLE)))
PROXIES = dict(zip(("a", "vector.0", "vector.1"), DRAWN, strict=True))
# 31: the last batch has one graph
CONFIG = PretrainConfig(proxies=("a",), epochs=3, batch_size=31, decoder_width=8)


class StoppedError(Exception):
    """Stands for a kill."""


def _encoder(name: str = "resgatedgcn") -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_encoder(len(OPS), encoder_of(name, width=8, max_nodes=8))


def _run(
    task: str,
    encoder: Encoder | None = None,
    table: ArchTable = TABLE,
    proxies: Any = PROXIES,
    **options: Any,
) -> tuple[dict[str, torch.Tensor], PretrainHistory]:
    encoder = encoder or _encoder()
    checkpoint = options.pop("checkpoint", None)
    config = replace(CONFIG, pretext=task, **options)
    history = pretrain(
        encoder, table, config, SurrogateConfig(k=4, sigma=1.0), proxies, checkpoint=checkpoint
    )
    return encoder.state_dict(), history


def _equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("task", pretext_names())
def test_the_loss_falls(task: str) -> None:
    """On cells whose operations depend on their place, which those of random graphs do not."""
    table = cells(200)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = make_encoder(table.n_ops, EncoderConfig(width=32))
    columns = dict.fromkeys(("a", "vector.0"), labels(table))
    _, history = _run(
        task,
        encoder,
        table,
        columns,
        epochs=8,
        lr=1e-2,
        batch_size=20,
        task_options={"gmae": {"mask_share": 0.3}},
    )
    assert history.loss[-1] < 0.9 * history.loss[0]


@pytest.mark.parametrize("task", pretext_names())
def test_the_same_seed_gives_the_same_bits_and_another_others(task: str) -> None:
    weights, history = _run(task)
    again, its_history = _run(task)
    assert _equal(weights, again)
    assert history.loss == its_history.loss
    assert not _equal(weights, _run(task, seed=22)[0])


@pytest.mark.parametrize("task", [*pretext_names(), "+".join(pretext_names())])
def test_a_stopped_run_goes_on_to_the_same_bits(task: str, tmp_path: Path) -> None:
    whole, path = _run(task)[0], tmp_path / "run.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        write = nasflow.prediction.pretrain.write_checkpoint

        def stopping(*arguments: Any) -> None:
            write(*arguments)
            raise StoppedError

        patch.setattr(nasflow.prediction.pretrain, "write_checkpoint", stopping)
        with pytest.raises(StoppedError):
            _run(task, checkpoint=path)
    assert _equal(_run(task, checkpoint=path)[0], whole)


@pytest.mark.parametrize("task", pretext_names())
@pytest.mark.parametrize("graphs", [ODD * 4, ODD[:1] * 4], ids=["no edges", "one node each"])
def test_graphs_without_edges_and_of_one_node_are_no_error(
    task: str, graphs: list[Architecture]
) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    _, history = _run(
        task, table=table, proxies=dict.fromkeys(PROXIES, np.arange(float(len(table))))
    )
    assert np.isfinite(history.loss).all()


@pytest.mark.parametrize("task", pretext_names())
@pytest.mark.parametrize("name", encoder_names())
def test_every_encoder_takes_every_task_that_its_states_allow(name: str, task: str) -> None:
    encoder = _encoder(name)
    if PRETEXTS.find(task).needs_nodes and not isinstance(encoder, NodeEncoder):
        with pytest.raises(ConfigError, match=f"{name}.*has no node states"):
            _run(task, encoder)
        return
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    weights, history = _run(task, encoder, epochs=1)
    assert np.isfinite(history.loss).all()
    assert not _equal(weights, before)


@pytest.mark.parametrize(
    "option", ["view_share", "temperature", "mask_share", "kl_weight", "proxy_heads"]
)
def test_every_option_changes_its_task(option: str) -> None:
    task, value = {
        "view_share": ("graphcl", 0.6),
        "temperature": ("graphcl", 0.5),
        "mask_share": ("gmae", 0.5),
        "kl_weight": ("arch2vec", 0.1),
        "proxy_heads": ("proxy", "average"),
    }[option]
    config = replace(CONFIG, pretext=task, proxies=("a", "b"), epochs=1)
    results = []
    for changed in (config, replace(config, task_options={task: {option: value}})):
        encoder = _encoder()
        pretrain(encoder, TABLE, changed, proxies={**PROXIES, "b": np.arange(float(len(TABLE)))})
        results.append(encoder.state_dict())
    assert not _equal(*results)


# -- hidden operations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", encoder_names())
def test_hiding_an_operation_hides_it_and_marking_a_batch_alone_does_nothing(name: str) -> None:
    encoder = _encoder(name).eval()
    for n in (1, 40):  # few edges and many
        batch = GraphBatch.from_table(random_table(n, seed=3))
        marked, masked, other = (
            replace(batch, ops=ops, masked=True)
            for ops in (batch.ops, batch.ops.clone(), (batch.ops + 1) % len(OPS))
        )
        masked.ops[::2], other.ops[::2] = len(OPS), len(OPS)
        torch.testing.assert_close(encoder(marked), encoder(batch))
        assert not torch.equal(encoder(masked), encoder(batch))
        masked.ops[:], other.ops[:] = len(OPS), len(OPS)
        torch.testing.assert_close(encoder(masked), encoder(other), rtol=0, atol=0)
