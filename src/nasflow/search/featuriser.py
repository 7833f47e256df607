"""`Featuriser`: what models see of architectures before the first training, and so from no label.

Architectures are seen as they compute: pruned of what is on no path from input to output, `none`
being no connection. So dead branches do not count.

An encoder, where one is asked for, is pre-trained by `prepare`: on all elements of a space that is
small enough to list, one of each class of twins, and on a random sample of a larger one. The
weights lie in the cache folder under a key of the graphs, the proxies and every option; a
pre-training that was killed goes on from its checkpoint, and a second process waits for the first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from nasflow.encoders.make import foreign_name
from nasflow.encoders.registry import EncoderConfig
from nasflow.features.counts import counts
from nasflow.features.one_hot import one_hot
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.fgp import FGP
from nasflow.running import environment
from nasflow.running.cached import cached_property
from nasflow.running.files import require_file
from nasflow.running.locks import exclusive
from nasflow.search.candidates import Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.statistics.ranks import ranks_among
from nasflow.surrogate import FlowSurrogate

_VERSION = 1  # of what the key stands for
# samples that show how many nodes the graphs of a space have, where nothing else is asked of them
_N_SAMPLES = 256


class Featuriser:
    """Embeddings, surrogates, codes and proxies of a space's elements, from no label.

    Args:
        problem: the space, and where proxies are looked up.
        whole: all elements, where the space was listed.
        encoder, surrogate, pretrain, fit: the options of the encoder, of the flow surrogate, of
            pre-training, and of the fine-tuning that starts from it.
        features: what is seen of an element: surrogate, counts, one-hot, embedding.
        proxies: known quantities whose ranks join the features.
        pretrains: whether the pre-trained encoder will be asked for, beside its embedding.
        n_rows: random elements to pre-train on, where the space was not listed.
        progress: whether pre-training draws a progress bar.
    """

    def __init__(
        self,
        problem: Problem,
        whole: Listed | None,
        *,
        encoder: EncoderConfig,
        surrogate: SurrogateConfig,
        pretrain: PretrainConfig,
        n_rows: int,
        fit: FitConfig | None = None,
        features: tuple[str, ...] = (),
        proxies: tuple[str, ...] = (),
        pretrains: bool = False,
        progress: bool = False,
    ) -> None:
        self._problem = problem
        self._encoder = encoder
        self._pretrain = pretrain
        self._surrogate_options = surrogate
        self._fit = fit or FitConfig()
        self._features = features
        self._pretrains = pretrains or "embedding" in features
        self._progress = progress
        if whole is not None:
            self._elements = whole.table
        else:
            # without a model to train or a column to rank, a few show what the graphs look like
            needs_many = self._pretrains or bool(proxies)
            self._elements = self._sample(n_rows if needs_many else _N_SAMPLES)
        self._vocabulary = tuple(dict.fromkeys([*problem.space.ops, *self._elements.vocabulary]))
        self._n_nodes = int(np.diff(self._elements.node_ptr).max())
        self._proxies = {name: problem.known.values(name, self._elements) for name in proxies}
        # in one unit for all that is proposed
        units = NumberUnits.of(self._elements)
        self._surrogates = FlowSurrogate(len(self._vocabulary), surrogate, units=units)

    def graphs(self, elements: ArchTable) -> ArchTable:
        """The elements as they compute, and as the predictor sees them."""
        return elements.with_vocabulary(self._vocabulary).pruned()

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, sum of `groups`) float64: all that is seen of each element, part after part."""
        # a listed space is looked at before every proposal
        if elements is self._elements:
            return self._features_of_elements
        return np.hstack(list(self._parts(elements).values()))

    @cached_property
    def groups(self) -> list[int]:
        """How many features each part has."""
        return [part.shape[1] for part in self._parts(self._elements[:1]).values()]

    @cached_property
    def _features_of_elements(self) -> FloatArray:
        """Those of the listed or sampled elements."""
        return np.hstack(list(self._parts(self._elements).values()))

    def _parts(self, elements: ArchTable) -> dict[str, FloatArray]:
        """(N, ...) float64: each kind of features by its name, in the order of the options."""
        graphs = self.graphs(elements)
        makers: dict[str, Callable[[], FloatArray]] = {
            "embedding": lambda: self.predictor.embed(graphs).astype(np.float64),
            "surrogate": lambda: self._surrogates.values(graphs).astype(np.float64),
            "counts": lambda: counts(graphs),
            "one-hot": lambda: one_hot(elements.with_vocabulary(self._vocabulary), self._n_nodes),
        }
        parts = {name: makers[name]() for name in self._features}
        if self._proxies:
            ranks = []
            for name, reference in self._proxies.items():
                values = reference
                if elements is not self._elements:
                    values = self._problem.known.values(name, elements)
                # among the listed or sampled elements, whatever else is asked for with these
                ranks.append(ranks_among(values, reference))
            parts["proxies"] = np.stack(ranks, axis=1)  # (N, n_proxies)
        return parts

    def _sample(self, n: int) -> ArchTable:
        """`n` random elements, the same in every search with this seed of pre-training."""
        # a stream of its own, apart from the proposals', and of the pre-training, so that searches
        # can share it
        rng = np.random.default_rng([self._pretrain.seed, 0x5A])
        return ArchTable.from_architectures([self._problem.space.sample(rng) for _ in range(n)])

    def prepare(self) -> None:
        """Pre-train, or read what was pre-trained before, if the encoder will be asked for."""
        if self._pretrains:
            self.predictor = self._pretrained()

    def _pretrained(self) -> FGP:
        """The pre-trained predictor: read from the cache folder, or pre-trained now."""
        # one of each class of twins, in the order of the table
        _, first = np.unique(self._elements.canonical_ids, return_index=True)
        elements = self._elements[np.sort(first)]
        graphs = self.graphs(elements)
        quantities = self._problem.known
        proxies = {name: quantities.values(name, elements) for name in self._pretrain.proxies}
        path = self._path(graphs, proxies)
        path.parent.mkdir(parents=True, exist_ok=True)
        # whoever comes second finds the result
        with open(f"{path}.lock", "w") as lock, exclusive(lock):
            if not path.exists():
                predictor = FGP(
                    encoder=self._encoder,
                    surrogate=self._surrogate_options,
                    pretrain=self._pretrain,
                    fit=self._fit,
                )
                checkpoint = Path(f"{path}.checkpoint")
                predictor.pretrain(graphs, proxies, checkpoint=checkpoint, progress=self._progress)
                predictor.save(path)
                checkpoint.unlink(missing_ok=True)
        # always what the file holds, so that the first process sees the same bits as all later
        # ones; an encoder from outside the package was named by the options, so it may be loaded
        return FGP.load(require_file(path), encoder=foreign_name(self._encoder), fit=self._fit)

    def _path(self, graphs: ArchTable, proxies: Mapping[str, FloatArray]) -> Path:
        """Where weights are kept: named by all that they depend on."""
        key = hashlib.sha256(graphs.content_hash().encode())
        stages = (self._encoder, self._surrogate_options, self._pretrain)
        options = [stage.to_dict() for stage in stages]
        key.update(json.dumps([_VERSION, *options]).encode())
        for name, values in proxies.items():
            key.update(name.encode() + np.ascontiguousarray(values).tobytes())
        # of a space of one's own the name may be any text, a path of other folders too
        space = re.sub(r"[^\w+.-]", "_", self._problem.space.name)
        name = f"search-{space}-{key.hexdigest()[:16]}.safetensors"
        return environment.cache_dir() / name
