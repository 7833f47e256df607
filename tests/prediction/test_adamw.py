"""AdamW: torch's, to the bit, without torch's compiler."""

from __future__ import annotations

import subprocess
import sys

import torch
from torch import Tensor

from nasflow.prediction.adamw import AdamW

SHAPES = ((5, 3), (5,), (1,))


def _parameters() -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]


def _train(optimizer: AdamW | torch.optim.AdamW, parameters: list[Tensor], steps: range) -> None:
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        optimizer.zero_grad()
        for i, parameter in enumerate(parameters):
            # the last one is asked from the third step on, and not always
            if i < 2 or step in (2, 3, 5):
                parameter.grad = torch.randn(parameter.shape, generator=generator)
        optimizer.step()


def test_the_bits_are_those_of_torch_s_class() -> None:
    ours, theirs = _parameters(), _parameters()
    _train(AdamW(ours, 1e-2, 0.1), ours, range(7))
    _train(torch.optim.AdamW(theirs, 1e-2, weight_decay=0.1, fused=True), theirs, range(7))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def test_it_goes_on_from_the_state_of_another() -> None:
    whole, parts = _parameters(), _parameters()
    _train(AdamW(whole, 1e-2, 0.1), whole, range(6))
    first = AdamW(parts, 1e-2, 0.1)
    _train(first, parts, range(4))
    second = AdamW(parts, 1e-2, 0.1)
    second.load_state(first.state)
    _train(second, parts, range(4, 6))
    for one, other in zip(whole, parts, strict=True):
        assert torch.equal(one, other)


def test_training_imports_no_compiler() -> None:
    program = """
import sys, numpy as np
from nasflow import FitConfig, PretrainConfig, Predictor, EncoderConfig
from nasflow.spaces.nb201 import NB201
table = NB201().enumerate()[:8]
predictor = Predictor(model="fgp", encoder=EncoderConfig(width=4),
                      pretrain=PretrainConfig(epochs=1), fit=FitConfig(epochs=2, average=2))
predictor.pretrain(table).fit(table, np.arange(8.0))
print("torch._dynamo" in sys.modules)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False"]
