"""Exported programs in files (.pt2), read without running anything that the file says.

`torch.export.load` unpickles, and evaluates the texts of sizes: a file from a stranger may make it
run anything. What an importer needs lies beside the pickles in plain JSON: the graph, the shapes of
all tensors, and what each input is. So the JSON alone is read; of the weights, only the few that
are a number or a small row of numbers, whose bytes are stored as they are. In the JSON,

* sizes that are left open become those of the example that the program was exported with;
* operators must be PyTorch's own or Python's arithmetic; those that open files are refused, and so
  is whatever calls what it is given: the importer computes small constants by calling operators;
* notes on the source, the structure of arguments, guards and objects are left out.
"""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from nasflow.errors import DataError
from nasflow.importers.vocabulary import words
from nasflow.running.files import PathLike, require_file

# what rules read of a constant is small; see `constants`
_MAX_ELEMENTS = 64
# a graph of 10,000 nodes takes 20 MB
_MAX_JSON = 2**30

_MODEL = re.compile(r"(?:[^/]+/)?models/([^/]+)\.json|serialized_exported_program\.json")
_WRAPPERS = words(
    "wrap wrap_with_set_grad_enabled wrap_with_autocast wrap_activation_checkpoint strict_mode",
    "tag_activation_checkpoint invoke_subgraph hints_wrapper cond while_loop scan map_impl",
    "associative_scan",
)
_ARITHMETIC = words(
    "getitem add sub mul truediv floordiv mod pow neg pos abs eq ne lt le gt ge and_ or_ xor not_",
    "lshift rshift index matmul",
)
_TARGET = re.compile(
    r"torch\.ops\.(aten|prims)\.(?!__)\w+\.(?!__)\w+"
    rf"|torch\.ops\.higher_order\.({'|'.join(sorted(_WRAPPERS))})"
    rf"|_operator\.({'|'.join(sorted(_ARITHMETIC))})"
    r"|math\.(?!__)\w+|torch\.sym_(?!_)\w+"
)
_FILES = re.compile(r"torch\.ops\.aten\.(from_file|save|load)\b.*")
# by number, in the order in which PyTorch's files count them; others have no small constants here
_TYPES = {
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}


def load_program(path: PathLike) -> ExportedProgram:
    """The program in a .pt2 file, weights without content.

    Raises:
        MissingDataError: no such file.
        DataError: no such file of this version of PyTorch, or one that needs what is not read.
    """
    file = require_file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    # a damaged file may hold anything, and PyTorch's reader checks little of it
    except Exception as error:
        raise DataError(
            f"{file} is no readable .pt2 file ({type(error).__name__}: {str(error)[:120]}); export"
            f" the model with this version of PyTorch, {torch.__version__}"
        ) from None


def _read(archive: zipfile.ZipFile) -> ExportedProgram:
    from torch._export.serde import schema
    from torch._export.serde.serialize import ExportedProgramDeserializer, _dict_to_dataclass

    names = [name for name in archive.namelist() if _MODEL.fullmatch(name)]
    if len(names) != 1:
        raise DataError(f"it holds {len(names)} exported programs; legal: one")
    content = _plain(_json(archive, names[0]))
    # before anything of PyTorch sees it: names are looked up as attributes there
    for target in _targets(content):
        if not _TARGET.fullmatch(target) or _FILES.fullmatch(target):
            raise DataError(f"its graph calls {target[:80]!r}, which is no operator of a network")
    content["graph_module"]["module_call_graph"] = []
    content["range_constraints"] = {}
    content["guards_code"] = []
    payloads = {**_payloads(archive, "weights"), **_payloads(archive, "constants")}
    program: Any = _dict_to_dataclass(schema.ExportedProgram, content)
    state, constants = _tensors(archive, content, payloads)
    return ExportedProgramDeserializer().deserialize(program, state, constants, None)


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    size = archive.getinfo(name).file_size
    if size > _MAX_JSON:
        raise DataError(f"its {name} has {size:,} bytes; legal: at most {_MAX_JSON:,}")
    return json.loads(archive.read(name))


def _plain(value: Any) -> Any:
    """JSON without what would be evaluated: expressions as numbers, nodes without notes."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    # a size as a formula; each use of it is such a dictionary of its own
    if value.keys() == {"as_expr"}:
        return _in_example(value["as_expr"])
    # nothing but tensors is needed of a network that the vocabulary knows
    if {"as_custom_obj", "as_opaque"} & value.keys():
        raise DataError("it holds objects besides tensors, which are stored as pickles")
    plain = {}
    for key, item in value.items():
        is_note = key == "metadata" and "target" in value
        plain[key] = {} if is_note else _plain(item)
    return plain


def _in_example(expression: Any) -> Any:
    """What an expression was for the example that the program was exported with."""
    hint = expression.get("hint") if isinstance(expression, dict) else None
    if not isinstance(hint, dict) or len(hint) != 1:
        text = str(expression.get("expr_str") if isinstance(expression, dict) else expression)
        raise DataError(f"the size {text[:40]!r} hangs on data; export it with sizes that do not")
    return hint


def _targets(value: Any) -> Iterator[str]:
    """The names of all operators, those of graphs inside of the graph too."""
    items = value if isinstance(value, list) else []
    if isinstance(value, dict):
        items = list(value.values())
        if "target" in value and "inputs" in value:
            yield str(value["target"])
        if "as_operator" in value:
            yield str(value["as_operator"])
    for item in items:
        yield from _targets(item)


def _payloads(archive: zipfile.ZipFile, kind: str) -> dict[str, dict[str, Any]]:
    """What the file says of each stored tensor, by its name; none in files of old versions."""
    pattern = re.compile(rf"(?:[^/]+/)?data/{kind}/[^/]+_{kind}_config\.json")
    payloads: dict[str, dict[str, Any]] = {}
    for name in archive.namelist():
        if pattern.fullmatch(name):
            folder = PurePosixPath(name).parent
            for title, payload in _json(archive, name)["config"].items():
                payloads[title] = {**payload, "file": str(folder / payload["path_name"])}
    return payloads


def _tensors(
    archive: zipfile.ZipFile, content: Any, payloads: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights and buffers, and other constants, by name."""
    graph_module = content["graph_module"]
    described = graph_module["graph"]["tensor_values"]
    state: dict[str, Tensor] = {}
    constants: dict[str, Tensor] = {}
    # layers that share a tensor have one file for it, and must have one object
    made: dict[str, Tensor] = {}
    for spec in graph_module["signature"]["input_specs"]:
        kind, fields = next(iter(spec.items()))
        title = _title(fields)
        name = fields.get("arg", {}).get("name")
        if title is None or name not in described:
            continue
        # files of old versions have one pickle for all: of these, shapes alone are known
        payload = payloads.get(title, {})
        file = payload.get("file", title)
        if file not in made:
            tensor = _tensor(archive, described[name], payload)
            is_parameter = kind == "parameter"
            made[file] = nn.Parameter(tensor, requires_grad=False) if is_parameter else tensor
        is_stored = kind == "parameter" or (kind == "buffer" and fields.get("persistent", True))
        (state if is_stored else constants)[title] = made[file]
    return state, constants


def _title(fields: Mapping[str, Any]) -> str | None:
    for key in ("parameter_name", "buffer_name", "tensor_constant_name"):
        if key in fields:
            return str(fields[key])
    return None


def _tensor(archive: zipfile.ZipFile, described: Any, payload: Mapping[str, Any]) -> Tensor:
    """A tensor with its content, if that is small and no pickle; else one of its shape."""
    sizes = [int(size["as_int"]) for size in described["sizes"]]
    dtype = _TYPES.get(described["dtype"])
    n_elements = math.prod(sizes)
    is_small = dtype is not None and 0 < n_elements <= _MAX_ELEMENTS
    if not is_small or dtype is None or not payload or payload.get("use_pickle", True):
        return torch.empty(sizes, dtype=dtype or torch.float32, device="meta")
    raw = archive.read(payload["file"])
    meta = payload["tensor_meta"]
    strides = [int(stride["as_int"]) for stride in meta["strides"]]
    start = int(meta["storage_offset"]["as_int"])
    row = torch.frombuffer(bytearray(raw), dtype=dtype)
    # only a copy is kept: the row may be a large tensor that this is a part of
    return torch.as_strided(row, sizes, strides, start).clone()
