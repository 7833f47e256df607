"""A module in the three forms that importers read: as it is, exported, and as an ONNX model."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any

import onnx
import pytest
import torch
from torch import Tensor, nn

from importers.structure import from_onnx, from_torch
from nasflow import importers
from nasflow.graphs.architecture import Architecture


def exported(model: nn.Module, *examples: Tensor) -> Any:
    """What torch.export makes of a module."""
    return torch.export.export(model, examples)


def onnx_model(model: nn.Module, *examples: Tensor, **options: Any) -> onnx.ModelProto:
    """The ONNX model that PyTorch's exporter writes."""
    pytest.importorskip("onnxscript")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(model, examples, dynamo=True, verbose=False, **options)
    assert program is not None
    file = io.BytesIO()
    program.save(file)
    return onnx.load_from_string(file.getvalue())


def onnx_model_of_old_exporter(model: nn.Module, *examples: Tensor) -> onnx.ModelProto:
    """The ONNX model that the exporter before writes, with batch norms kept."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mode = torch.onnx.TrainingMode.PRESERVE
        torch.onnx.export(model, examples, file, dynamo=False, training=mode)
    return onnx.load_from_string(file.getvalue())


def three_ways(model: nn.Module, *examples: Tensor) -> dict[str, Architecture]:
    """The architectures of a module that is traced, exported, and exported to ONNX."""
    return {
        "traced": from_torch(model),
        "exported": from_torch(exported(model, *examples)),
        "onnx": from_onnx(onnx_model(model, *examples)),
    }


def three_ways_with_numbers(model: nn.Module, *examples: Tensor) -> dict[str, Architecture]:
    """As `three_ways`, with numbers on the nodes: a trace is told the sizes of the inputs."""
    return {
        "traced": importers.from_torch(model, input_shapes=examples),
        "exported": importers.from_torch(exported(model, *examples)),
        "onnx": importers.from_onnx(onnx_model(model, *examples)),
    }


def as_if_trained(model: nn.Module) -> nn.Module:
    """The model with weights of which no two are equal, and none is 0 or 1.

    Exporters join equal weights, and leave out biases of 0.
    """
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(0.5, 1.5)
    return model
