"""A GPU gives what the CPU gives: embeddings, gradients, every task of pre-training, models carried
over and back.

Skipped where there is none. To the last bits only: sums run in another order there, from one run to
the next as well.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

import nasflow.prediction.pretrain
from nasflow.encoders.base import Encoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig, encoder_names
from nasflow.graphs.batch import GraphBatch
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.predictor import Predictor
from nasflow.prediction.pretrain import pretrain
from nasflow.prediction.pretrain_history import PretrainHistory
from nasflow.pretext.registry import pretext_names
from nasflow.statistics.metrics import kendall_tau
from oracles import OPS, random_table
from small import encoder_of

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a GPU that torch can use"
)

DEVICES = ("cpu", "cuda")
TABLE, HELD_OUT = random_table(60), random_table(30, seed=1)
COLUMN = np.random.default_rng(0).normal(size=60)
COLUMNS = {"column": COLUMN, "vector.0": COLUMN, "vector.1": COLUMN**2}
SURROGATE = SurrogateConfig(k=4, sigma=1.0)
ENCODERS = pytest.mark.parametrize("name", encoder_names())


def _encoder(name: str, device: str) -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = encoder_of(name, width=8, dropout=0.0, attention_dropout=0.0, max_nodes=20)
        return make_encoder(len(OPS), config).to(device)


def _close(one: torch.Tensor, other: torch.Tensor, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(one.cpu(), other.cpu(), rtol=tolerance, atol=tolerance)


@ENCODERS
def test_embeddings_are_those_of_the_cpu(name: str) -> None:
    """With gradients and without, where look-alikes are computed once."""
    for mode in (torch.enable_grad, torch.inference_mode):
        with mode():
            cpu, cuda = (
                _encoder(name, device).eval()(GraphBatch.from_table(TABLE, device))
                for device in DEVICES
            )
        assert cuda.is_cuda
        _close(cpu, cuda)


@ENCODERS
def test_gradients_are_those_of_the_cpu(name: str) -> None:
    """In training: sums by hand-written backward passes, statistics over the nodes of the batch."""
    gradients: list[dict[str, torch.Tensor]] = []
    for device in DEVICES:
        encoder = _encoder(name, device).train()
        embedding = encoder(GraphBatch.from_table(TABLE, device))
        weight = torch.linspace(-1, 1, embedding.numel(), device=device).view_as(embedding)
        (embedding * weight).sum().backward()
        gradients.append({n: p.grad for n, p in encoder.named_parameters() if p.grad is not None})
    cpu, cuda = gradients
    assert cpu.keys() == cuda.keys()
    for parameter, gradient in cpu.items():
        _close(gradient, cuda[parameter], 1e-3)


def _pretrained(
    device: str, config: PretrainConfig, path: Path | None = None
) -> tuple[Encoder, PretrainHistory]:
    encoder = _encoder("resgatedgcn", device)
    return encoder, pretrain(encoder, TABLE, config, SURROGATE, COLUMNS, checkpoint=path)


def _config(pretext: str) -> PretrainConfig:
    return PretrainConfig(
        pretext=pretext,
        proxies=("column",) if "proxy" in pretext else (),
        epochs=8,
        batch_size=16,
        decoder_width=8,
    )


@pytest.mark.parametrize("pretext", [*pretext_names(), "flow+proxy"])
def test_every_task_pre_trains(pretext: str) -> None:
    """Those that draw random views draw others than on the CPU, so what is learnt is compared for
    the rest alone.
    """
    (cpu, on_cpu), (cuda, on_cuda) = (_pretrained(device, _config(pretext)) for device in DEVICES)
    assert next(cuda.parameters()).is_cuda
    assert np.isfinite(on_cuda.loss).all()
    if set(pretext.split("+")) <= {"flow", "vectors"}:
        np.testing.assert_allclose(on_cuda.loss, on_cpu.loss, rtol=1e-2)
        batch = GraphBatch.from_table(HELD_OUT)
        _close(cpu(batch), cuda(GraphBatch.from_table(HELD_OUT, "cuda")), 1e-2)


@pytest.mark.parametrize("name", ["flowerformer", "transformer", "digcn"])
def test_pre_training_with_dropout_runs_with_other_encoders(name: str) -> None:
    encoder = make_encoder(len(OPS), EncoderConfig(name, width=8)).to("cuda")
    history = pretrain(encoder, TABLE, _config("flow+proxy"), SURROGATE, COLUMNS)
    assert np.isfinite(history.loss).all()
    assert history.loss[-1] < history.loss[0]


def test_a_stopped_pre_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = _pretrained("cuda", _config("flow"))
    path, write = tmp_path / "half.safetensors", nasflow.prediction.pretrain.write_checkpoint

    def stop(*args: object) -> None:
        write(*args)  # type: ignore[arg-type]
        if len(args[-1].loss) == 4:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    monkeypatch.setattr(nasflow.prediction.pretrain, "write_checkpoint", stop)
    with pytest.raises(KeyboardInterrupt):
        _pretrained("cuda", _config("flow"), path)
    monkeypatch.undo()
    resumed, history = _pretrained("cuda", _config("flow"), path)
    assert len(history.loss) == 8
    for name, weight in whole.state_dict().items():
        _close(weight.float(), resumed.state_dict()[name].float(), 1e-2)


@pytest.mark.parametrize("average", [1, 3])
def test_a_model_is_fitted_there_and_predicts_here(tmp_path: Path, average: int) -> None:
    labels, held_out = _labels(TABLE.ops, TABLE.node_ptr), _labels(HELD_OUT.ops, HELD_OUT.node_ptr)
    fitting = FitConfig(epochs=30, proxies=("column",), average=average)
    predictor = Predictor(
        encoder=EncoderConfig(width=16),
        surrogate=SURROGATE,
        pretrain=_config("flow+proxy"),
        fit=fitting,
        device="cuda",
    )
    column = {"column": COLUMN}
    other = {"column": np.random.default_rng(1).normal(size=30)}
    predictor.pretrain(TABLE, column).fit(
        TABLE, labels, validation=(HELD_OUT, held_out, other), proxies=column
    )
    there = predictor.predict(HELD_OUT, other)
    assert kendall_tau(there, held_out) > 0.3
    path = tmp_path / "model.safetensors"
    predictor.save(path)
    for device in DEVICES:
        loaded = Predictor.load(path, device)
        np.testing.assert_allclose(loaded.predict(HELD_OUT, other), there, rtol=1e-3)
        loaded.set_params(fit=replace(fitting, epochs=2))
        assert np.isfinite(loaded.fit(TABLE, labels, proxies=column).predict(HELD_OUT, other)).all()


def _labels(
    ops: npt.NDArray[np.integer], node_ptr: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """What the operations of each graph are worth together."""
    worth = np.linspace(-1, 1, len(OPS))
    return np.array([worth[part].sum() for part in np.split(ops, node_ptr[1:-1])])
