"""Models and graphs from elsewhere as architectures: PyTorch, ONNX, networkx, PyTorch Geometric.

    from_torch(model)          torch.fx: a module, a GraphModule, or a torch.export ExportedProgram
    from_pt2("model.pt2")      what torch.export.save wrote; nothing in the file is run
    from_onnx("model.onnx")    extra onnx
    from_networkx(graph)       extra networkx
    from_pyg(data)             extra pyg

Imported on use: this package imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasflow.importers.networkx import from_networkx
    from nasflow.importers.onnx import from_onnx
    from nasflow.importers.pt2 import from_pt2
    from nasflow.importers.pyg import from_pyg
    from nasflow.importers.torch_fx import from_torch

__all__ = ["from_networkx", "from_onnx", "from_pt2", "from_pyg", "from_torch"]

_MODULES = {
    "from_networkx": "networkx",
    "from_onnx": "onnx",
    "from_pt2": "pt2",
    "from_pyg": "pyg",
    "from_torch": "torch_fx",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
