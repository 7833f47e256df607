"""Under which key a journal has a result already: that of this version or an earlier one.

A key is a hash of everything that a result depends on. Entries say the version whose hash it is
(`VERSION`; entries without a number are of version 1), and what was kept then is found by the hash
that was taken then: nothing is measured again because the package changed how it writes options.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nasflow.experiments.runs import Pretraining, Run
from nasflow.prediction import version_1

VERSION = 2
"""The version of the keys that are written now."""

Entries = Mapping[str, Mapping[str, Any]]


def keys_of(work: Run | Pretraining) -> tuple[str, ...]:
    """The keys that a result may be kept under, that of this version first."""
    return work.digest(), key_of_version_1(work)


def kept_key(entries: Entries, work: Run | Pretraining, suffix: str = "") -> str:
    """The key under which the journal has a result; that of this version where it has none.

    Args:
        entries: those of the journal.
        work: what was done, or is to be done.
        suffix: what stands behind the key, for other results of the same run.
    """
    keys = [key + suffix for key in keys_of(work)]
    return next((key for key in keys if key in entries), keys[0])


def keys_with_pretraining(entries: Entries, runs: Iterable[Run]) -> dict[str, str | None]:
    """The key of each run, and that of its pre-training; None where it has none."""
    keys: dict[str, str | None] = {}
    for run in runs:
        pretraining = run.pretraining
        key = None if pretraining is None else kept_key(entries, pretraining)
        keys[kept_key(entries, run)] = key
    return keys


def weights_path(pretraining: Pretraining, folder: Path) -> Path:
    """Where the weights of a pre-training are, or will be."""
    paths = [pretraining.path(folder, key) for key in keys_of(pretraining)]
    return next((path for path in paths if path.exists()), paths[0])


def key_of_version_1(work: Run | Pretraining) -> str:
    """The key that version 1 gave."""
    kind = "Run" if isinstance(work, Run) else "Pretraining"
    text = json.dumps([kind, _identity_of_version_1(work)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _identity_of_version_1(work: Run | Pretraining) -> dict[str, Any]:
    """What a result depends on, written as version 1 did."""
    identity = work.identity()
    identity["encoder"] = version_1.encoder_to_v1(work.encoder)
    identity["surrogate"] = version_1.surrogate_to_v1(work.surrogate)
    identity["pretrain"] = version_1.pretrain_to_v1(work.pretrain)
    if isinstance(work, Run):
        identity["fit"] = version_1.fit_to_v1(work.fit)
        protocol = version_1.without_later("protocol", work.protocol)
        identity["protocol"] = protocol | {"splits": (work.split,), "seeds": (work.seed,)}
    elif identity["rows"] is None:
        del identity["rows"]  # came later
    if work.source is None:
        del identity["source"]  # came later
    else:
        identity["source"] = _identity_of_version_1(work.source)
    return identity
