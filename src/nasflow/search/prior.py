"""`Prior`: what is known of a space before the first training: features, and an encoder pre-trained
without labels.

Architectures are seen as they compute: pruned of what is on no path from input to output, `none`
being no connection. So dead branches do not count.

The encoder is pre-trained when it is first needed: on all elements of a space that is small enough
to list, one of each class of twins, and on a random sample of a larger one. The weights lie in the
cache folder under a key of the graphs, the proxies and every option; a pre-training that was killed
goes on from its checkpoint, and a second process waits for the first.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable
from nasflow.options.search import SearchConfig
from nasflow.prediction.predictor import Predictor
from nasflow.running import environment
from nasflow.running.files import require_file
from nasflow.search.candidates import Listed
from nasflow.search.codes import counts, one_hot
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.surrogate import FlowSurrogate

_VERSION = 1  # of what the key stands for
_TO_SEE = 256  # samples that show how many nodes the graphs of a space have, where nothing else is asked of them


class Prior:
    """Embeddings, surrogates and proxies of a space's elements, from no label.

    Args:
        config: options of the encoder, the surrogate and the pre-training, and the proxies.
        problem: the space, and where proxies are looked up.
        whole: all elements, where the space was listed.
        progress: whether pre-training draws a progress bar.
    """

    def __init__(
        self, config: SearchConfig, problem: Problem, whole: Listed | None, progress: bool
    ) -> None:
        self._config, self._problem = config, problem
        pretrains = config.strategy == "npenas" or "embedding" in config.features
        self._elements = (
            self._sample(pretrains or bool(config.proxies)) if whole is None else whole.table
        )
        self._vocabulary = tuple(dict.fromkeys([*problem.space.ops, *self._elements.vocabulary]))
        self._n_nodes = int(np.diff(self._elements.node_ptr).max())
        self._proxies = {
            name: problem.known.values(name, self._elements) for name in config.proxies
        }
        self._progress = progress
        self._surrogate = FlowSurrogate(len(self._vocabulary), config.surrogate)

    def graphs(self, elements: ArchTable) -> ArchTable:
        """The elements as they compute, and as the predictor sees them."""
        return elements.with_vocabulary(self._vocabulary).pruned()

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, sum of `groups`) float64: all that is known of each element, part after part."""
        if elements is self._elements:
            return self._own_features
        return np.hstack(list(self._parts(elements).values()))

    @cached_property
    def groups(self) -> list[int]:
        """How many features each part has."""
        return [part.shape[1] for part in self._parts(self._elements[:1]).values()]

    @cached_property
    def _own_features(self) -> FloatArray:
        """Those of the elements that were pre-trained on."""
        return np.hstack(list(self._parts(self._elements).values()))

    def _parts(self, elements: ArchTable) -> dict[str, FloatArray]:
        graphs = self.graphs(elements)
        makers: dict[str, Callable[[], FloatArray]] = {
            "embedding": lambda: self.predictor.embed(graphs).astype(np.float64),
            "surrogate": lambda: self._surrogate(graphs).double().numpy(),
            "counts": lambda: counts(graphs),
            "one-hot": lambda: one_hot(elements.with_vocabulary(self._vocabulary), self._n_nodes),
        }
        parts = {name: makers[name]() for name in self._config.features}
        if self._proxies:
            parts["proxies"] = np.stack(
                [
                    ranks_among(
                        (
                            reference
                            if elements is self._elements
                            else self._problem.known.values(name, elements)
                        ),
                        reference,
                    )
                    for name, reference in self._proxies.items()
                ],
                axis=1,
            )
        return parts

    def _sample(self, needed: bool) -> ArchTable:
        # a stream of its own, apart from the proposals', and of the pre-training, so that searches
        # can share it
        rng = np.random.default_rng([self._config.pretrain.seed, 0x5A])
        return ArchTable.from_architectures(
            [
                self._problem.space.sample(rng)
                for _ in range(self._config.pretrain_rows if needed else _TO_SEE)
            ]
        )

    @cached_property
    def predictor(self) -> Predictor:
        """The pre-trained predictor: read from the cache folder, or pre-trained now."""
        config = self._config
        elements = self._elements[
            np.sort(np.unique(self._elements.canonical_ids, return_index=True)[1])
        ]
        graphs = self.graphs(elements)
        proxies = {
            name: self._problem.known.values(name, elements) for name in config.pretrain.proxies
        }
        key = hashlib.sha256(graphs.content_hash().encode())
        key.update(
            json.dumps(
                [
                    _VERSION,
                    *(
                        part.to_dict()
                        for part in (config.encoder, config.surrogate, config.pretrain)
                    ),
                ]
            ).encode()
        )
        for name, values in proxies.items():
            key.update(name.encode() + np.ascontiguousarray(values).tobytes())
        path = (
            environment.cache_dir()
            / f"search-{self._problem.space.name}-{key.hexdigest()[:16]}.safetensors"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # whoever comes second finds the result
            if not path.exists():
                predictor = Predictor(
                    encoder=config.encoder,
                    surrogate=config.surrogate,
                    pretraining=config.pretrain,
                    fitting=config.fit,
                )
                checkpoint = Path(f"{path}.checkpoint")
                predictor.pretrain(graphs, proxies, checkpoint=checkpoint, progress=self._progress)
                predictor.save(path)
                checkpoint.unlink(missing_ok=True)
        # always what the file holds, so that the first process sees the same bits as all later ones
        predictor = Predictor.load(require_file(path))
        predictor.fit_config = config.fit
        return predictor


def ranks_among(values: FloatArray, reference: FloatArray) -> FloatArray:
    """(N,): the share of the known reference values that are smaller, ties counted half; 0.5 for an
    unknown value.
    """
    known: npt.NDArray[np.float64] = np.sort(reference[np.isfinite(reference)])
    if not len(known):
        return np.full(len(values), 0.5)
    below, up_to = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
    return np.where(np.isfinite(values), (below + up_to) / (2 * len(known)), 0.5)
