"""Batches passed in parts: the gradients of the whole, and bits that no thread decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

import nasflow.prediction.parts_of_batch
import nasflow.prediction.pretrain
from nasflow.encoders.base import Encoder
from nasflow.encoders.make import config_for, make_encoder
from nasflow.encoders.registry import EncoderConfig, encoder_names
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.number_units import NumberUnits
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.prediction.parts_of_batch import PartsOfBatch, can_be_cut
from nasflow.prediction.pretrain import pretrain
from nasflow.pretext.base import Step
from nasflow.running.seeding import drawing_from, own_generator
from oracles import OPS, random_table

TABLE = random_table(60)
ROWS = torch.randperm(60, generator=torch.Generator().manual_seed(0))[:37]
CONFIG = PretrainConfig(epochs=2, batch_size=32, decoder_width=8)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Parts of a few rows, and the number of threads as it was afterwards."""
    monkeypatch.setattr(nasflow.prediction.parts_of_batch, "NODES_OF_PART", 50)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def _encoder(name: str = "resgatedgcn", dropout: float = 0.3) -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = config_for(EncoderConfig(name, width=8, dropout=dropout), TABLE)
        return make_encoder(len(OPS), config, NumberUnits()).train()


def _gradients(encoder: Encoder, step: Step) -> list[Tensor]:
    encoder.zero_grad()
    # a loss that no sum over parts is: every row meets every other
    torch.cdist(step.embedding, step.embedding).mean().backward()
    step.backward()
    return [value.grad.clone() for value in encoder.parameters() if value.grad is not None]


@pytest.mark.parametrize("name", ["gin", "resgatedgcn"])
def test_the_gradients_are_those_of_the_whole_batch(name: str) -> None:
    encoder = _encoder(name, dropout=0.0)
    whole = Step(encoder, GraphBatch.from_table(TABLE[ROWS.numpy()]))
    with PartsOfBatch(encoder, TABLE, 2) as parts:
        step = parts.step(ROWS)
        assert len(step.parts) > 3
        torch.testing.assert_close(step.embedding, whole.embedding.detach())
        for one, other in zip(_gradients(encoder, step), _gradients(encoder, whole), strict=True):
            torch.testing.assert_close(one, other)


def test_gradients_of_a_task_that_ran_the_encoder_itself_stay() -> None:
    encoder = _encoder(dropout=0.0)
    with PartsOfBatch(encoder, TABLE, 2) as parts:
        alone = _gradients(encoder, parts.step(ROWS))
        step = parts.step(ROWS)
        encoder.zero_grad()
        encoder(step.batch).sum().backward()
        before = [value.grad.clone() for value in encoder.parameters() if value.grad is not None]
        torch.cdist(step.embedding, step.embedding).mean().backward()
        step.backward()
        both = [value.grad for value in encoder.parameters() if value.grad is not None]
    for one, first, second in zip(both, before, alone, strict=True):
        torch.testing.assert_close(one, first + second)


def test_a_step_that_nobody_asked_has_no_gradient() -> None:
    encoder = _encoder()
    with PartsOfBatch(encoder, TABLE, 2) as parts:
        parts.step(ROWS).backward()
    assert all(value.grad is None for value in encoder.parameters())


def test_each_part_draws_for_itself_and_each_step_anew() -> None:
    encoder, same = _encoder(), torch.zeros(24, dtype=torch.int64)
    with PartsOfBatch(encoder, TABLE, 2) as parts:
        steps = [parts.step(same).embedding for _ in range(2)]
    # one row throughout: embeddings differ by dropout alone
    assert len(torch.unique(torch.cat(steps), dim=0)) == 48


@pytest.mark.parametrize("n_threads", [2, 3, 5])
def test_any_number_of_threads_from_two_on_gives_the_same_bits(n_threads: int) -> None:
    def weights(threads: int) -> dict[str, Tensor]:
        torch.set_num_threads(threads)
        encoder = _encoder()
        pretrain(encoder, TABLE, CONFIG, SurrogateConfig(k=4))
        return encoder.state_dict()

    expected, found = weights(2), weights(n_threads)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_pre_training_in_parts_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(2)
    expected, stopped = _encoder(), _encoder()
    pretrain(expected, TABLE, CONFIG, SurrogateConfig(k=4))
    checkpoint = tmp_path / "checkpoint"
    written = nasflow.prediction.pretrain.write_checkpoint

    def write_and_stop(*args: object) -> None:
        written(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nasflow.prediction.pretrain, "write_checkpoint", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            pretrain(stopped, TABLE, CONFIG, SurrogateConfig(k=4), checkpoint=checkpoint)
    resumed = _encoder()
    history = pretrain(resumed, TABLE, CONFIG, SurrogateConfig(k=4), checkpoint=checkpoint)
    assert len(history.loss) == 2
    found = resumed.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.state_dict().items())


def test_encoders_whose_graphs_see_each_other_are_not_cut() -> None:
    cut = {name for name in encoder_names() if can_be_cut(_encoder(name))}
    assert cut == {"gin", "resgatedgcn"}


def test_a_thread_s_generator_is_its_own_and_ends_with_the_block() -> None:
    one, other = torch.Generator(), torch.Generator()
    with drawing_from(one):
        with drawing_from(other):
            assert own_generator() is other
        assert own_generator() is one
    assert own_generator() is None
