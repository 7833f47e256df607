"""Exported programs in files: read as they are in memory, and nothing in a file is run."""

from __future__ import annotations

import contextlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from importers.zoo import ZOO, network
from nasflow.errors import DataError, MissingDataError
from nasflow.importers import from_pt2, from_torch


class Scaled(nn.Module):
    """Shared weights, a buffer and a number that are constants of the graph."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first, self.second = nn.Conv2d(3, 4, 3), nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("scale", torch.full((1,), 0.5))
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(self.conv(x).mean((2, 3)))) * self.scale * torch.tensor(2.0)
        return self.attention(y[:, None], y[:, None], y[:, None])[0]


def saved(folder: Path, model: nn.Module, example: Tensor, **options: Any) -> tuple[Any, Path]:
    """The exported program of a model, and the file with it."""
    program = torch.export.export(model.eval(), (example,), **options)
    torch.export.save(program, folder / "model.pt2")
    return program, folder / "model.pt2"


@pytest.mark.parametrize("name", ZOO)
def test_a_file_is_read_as_its_program(name: str, tmp_path: Path) -> None:
    program, path = saved(tmp_path, *network(name))
    assert from_pt2(path) == from_torch(program)
    assert from_pt2(path, numbers=False) == from_torch(program, numbers=False)


def test_open_sizes_and_shared_weights(tmp_path: Path) -> None:
    axes = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    program, path = saved(tmp_path, Scaled(), torch.rand(2, 3, 8, 8), **axes)
    graph = from_pt2(path)
    assert graph == from_torch(program)
    assert graph.globals["params"] == sum(p.numel() for p in Scaled().parameters())


def rewritten(path: Path, change: Any, name: str = "models/model.json") -> Path:
    """The file with one of its members changed."""
    changed = path.with_name(f"not_{path.name}")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            target.writestr(member, change(content) if member.endswith(name) else content)
    return changed


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_no_pickle_is_opened(tmp_path: Path) -> None:
    program, path = saved(tmp_path, Scaled(), torch.rand(2, 3, 8, 8))
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    for name in ("sample_inputs/model.pt", "weights/weight_0", "constants/tensor_0"):
        changed = rewritten(path, lambda _: trap, name)
        if "weights" in name:
            # as where a weight is stored as a pickle
            changed = rewritten(changed, marked_as_pickle, "model_weights_config.json")
        if "constants" not in name:
            assert from_pt2(changed) == from_torch(program)
        else:
            # its bytes are read as numbers, whether they are some or not
            with contextlib.suppress(DataError):
                from_pt2(changed)
    assert not (tmp_path / "sprung").exists()
    # the trap is one: whoever unpickles it springs it
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists()


def marked_as_pickle(content: bytes) -> bytes:
    config = json.loads(content)
    config["config"]["conv.weight"]["use_pickle"] = True
    return json.dumps(config).encode()


def test_no_expression_is_evaluated(tmp_path: Path) -> None:
    axes = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    program, path = saved(tmp_path, Scaled(), torch.rand(2, 3, 8, 8), **axes)
    sprung = tmp_path / "sprung"

    def trapped(content: bytes) -> bytes:
        texts = content.decode().split('"expr_str": "')
        assert len(texts) > 2
        code = f"__import__('pathlib').Path('{sprung}').touch()"
        ends = [text[text.index('"') :] for text in texts[1:]]
        return (texts[0] + "".join([f'"expr_str": "{code}{end}' for end in ends])).encode()

    assert from_pt2(rewritten(path, trapped)) == from_torch(program)
    assert not sprung.exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.hub.load",
        "torch.ops.aten.from_file.default",
        "torch.ops.load_library.__call__",
        "torch.ops.other.op.default",
        "_operator.call",
        "_operator.methodcaller",
        "#os:system",
        "torch.ops.higher_order.flat_apply",
        "math.__loader__",
    ],
)
def test_only_operators_of_networks_are_called(target: str, tmp_path: Path) -> None:
    _, path = saved(tmp_path, Scaled(), torch.rand(2, 3, 8, 8))
    name = b"torch.ops.aten.mean.dim"
    changed = rewritten(path, lambda content: content.replace(name, target.encode()))
    with pytest.raises(DataError, match="no operator of a network"):
        from_pt2(changed)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    _, path = saved(tmp_path, Scaled(), torch.rand(2, 3, 8, 8))
    with pytest.raises(MissingDataError):
        from_pt2(tmp_path / "none.pt2")
    (tmp_path / "text.pt2").write_text("no archive")
    with pytest.raises(DataError, match=r"text\.pt2 is no readable \.pt2 file \(BadZipFile"):
        from_pt2(tmp_path / "text.pt2")
    with pytest.raises(DataError, match="no readable"):
        from_pt2(rewritten(path, lambda content: content[:100]))
    with zipfile.ZipFile(tmp_path / "empty.pt2", "w"):
        pass
    with pytest.raises(DataError, match="holds 0 exported programs"):
        from_pt2(tmp_path / "empty.pt2")
    objects = rewritten(path, lambda content: content.replace(b'"as_ints"', b'"as_custom_obj"'))
    with pytest.raises(DataError, match="objects besides tensors"):
        from_pt2(objects)
    open_size = rewritten(
        path, lambda content: content.replace(b'{"as_int": 8}', b'{"as_expr": {"expr_str": "u0"}}')
    )
    with pytest.raises(DataError, match="'u0' hangs on data"):
        from_pt2(open_size)
