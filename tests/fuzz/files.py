"""Mutated files for the readers: of each format a small good file, damaged at several depths.

Damage to a file as a whole mostly ends at its checksum or its compression. So the parts inside are
damaged too, and the file made around them is whole.
"""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import miniatures
from fuzz.mutations import Rng, mutated
from nasflow.datasets.base import Dataset
from nasflow.datasets.importing import read_table
from nasflow.datasets.own_tables import own_format, read_own_table
from nasflow.datasets.readers.crc32c import masked_crc32c
from nasflow.errors import NasflowError


def read(label: str, rng: Rng, folder: Path) -> Dataset:
    """The data set of a mutated file."""
    fmt, name, make = FILES[label]
    path = folder / name
    path.write_bytes(make(rng))
    # the same rows, but the first malformed one stops it
    if own_format(path) == fmt:
        with contextlib.suppress(NasflowError):
            read_own_table(path)
    return read_table(fmt, path)


@cache
def _good(name: str) -> bytes:
    """The content of a file, or of a part of one, before it is damaged."""
    if name == "nats-pickle":
        return pickle.dumps(_small_nats(), protocol=4)
    if name == "nats-pickle2":
        return pickle.dumps(_small_nats(), protocol=2)
    if name == "pyg-pickle":
        with zipfile.ZipFile(io.BytesIO(miniatures.pyg_pt())) as archive:
            (member,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
            return archive.read(member)
    if name == "record":
        return miniatures.record_101(miniatures.CELLS_101[0], 108, 0.9)
    if name == "metrics":
        return miniatures.metrics_message(0.9, 108)
    if name == "nats":
        return bz2.compress(_good("nats-pickle"))
    data: bytes = miniatures.SINGLE_FILES[name][2]()
    return data


def _small_nats() -> dict[str, Any]:
    whole = miniatures.nats_whole(miniatures.CELLS_201[:1])
    kept = (("cifar10", 777), ("cifar100", 777))
    for state in whole["arch2infos"][0].values():
        state["all_results"] = {key: state["all_results"][key] for key in kept}
        state["dataset_seed"] = {"cifar10": [777], "cifar100": [777]}
    return whole


def _damaged(name: str) -> Callable[[Rng], bytes]:
    return lambda rng: mutated(_good(name), rng)


def _framed(record: bytes) -> bytes:
    """A TFRecord file of one good record and this one, with right checksums."""
    parts = []
    for content in (_good("record"), record):
        length = len(content).to_bytes(8, "little")
        crcs = [int(crc).to_bytes(4, "little") for crc in masked_crc32c([length, content])]
        parts += [length, crcs[0], content, crcs[1]]
    return b"".join(parts)


def _record(rng: Rng) -> bytes:
    return _framed(mutated(_good("record"), rng))


def _metrics(rng: Rng) -> bytes:
    record = json.loads(_good("record"))
    record[0], record[4] = "other", base64.b64encode(mutated(_good("metrics"), rng)).decode()
    return _framed(json.dumps(record).encode())


def _nats_pickle(rng: Rng) -> bytes:
    return bz2.compress(mutated(_good("nats-pickle"), rng), 1)


def _nats_pickle2(rng: Rng) -> bytes:
    return bz2.compress(mutated(_good("nats-pickle2"), rng), 1)


def _pth_pickle(rng: Rng) -> bytes:
    return _torch_zip(mutated(_good("nats-pickle2"), rng))


def _pyg_pickle(rng: Rng) -> bytes:
    return _torch_zip(mutated(_good("pyg-pickle"), rng), storages_of=miniatures.pyg_pt())


def _csv_gz(rng: Rng) -> bytes:
    return mutated(gzip.compress(_good("csv"), mtime=0), rng)


def _torch_zip(content: bytes, storages_of: bytes | None = None) -> bytes:
    """A torch file of this data.pkl, with the storages of another torch file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        if storages_of is not None:
            with zipfile.ZipFile(io.BytesIO(storages_of)) as original:
                for name in original.namelist():
                    if "/data/" in name:
                        archive.writestr(name, original.read(name))
    return out.getvalue()


# `pth-pickle` damages what is inside these
_LEFT_OUT = ("nb201-zip", "nb201-2020")

FILES: dict[str, tuple[str, str, Callable[[Rng], bytes]]] = {
    **{
        name: (fmt, file, _damaged(name))
        for name, (fmt, file, _) in miniatures.SINGLE_FILES.items()
        if name not in _LEFT_OUT
    },
    "record": ("nb101-tfrecord", "a.tfrecord", _record),
    "metrics": ("nb101-tfrecord", "a.tfrecord", _metrics),
    "nats-pickle": ("nats", "a.pickle.pbz2", _nats_pickle),
    "nats-pickle2": ("nats", "a.pickle.pbz2", _nats_pickle2),
    "pth-pickle": ("nb201-pth", "a.pth", _pth_pickle),
    "pyg-pickle": ("pyg", "a.pt", _pyg_pickle),
    "csv.gz": ("csv", "a.csv.gz", _csv_gz),
}
"""By label: the format, the file's name, and what makes a damaged one."""
