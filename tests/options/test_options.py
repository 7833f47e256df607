"""The options: what they accept, what they refuse, and how an error helps."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest

from nasflow.encoders.flowerformer import FlowerFormerConfig
from nasflow.encoders.mlp import MLPConfig
from nasflow.encoders.registry import EncoderConfig
from nasflow.encoders.transformer import TransformerConfig
from nasflow.errors import ConfigError
from nasflow.options.base import Options
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.pretext.arch2vec import Arch2VecConfig
from nasflow.pretext.gmae import GMAEConfig
from nasflow.pretext.graphcl import GraphCLConfig
from nasflow.pretext.proxy import ProxyRankingConfig
from nasflow.search.strategies.registry import SearchConfig

STAGES = [
    SurrogateConfig,
    EncoderConfig,
    TransformerConfig,
    MLPConfig,
    PretrainConfig,
    ProxyRankingConfig,
    GraphCLConfig,
    GMAEConfig,
    Arch2VecConfig,
    FitConfig,
    ProtocolConfig,
]


@pytest.mark.parametrize("stage", STAGES)
def test_options_survive_json(stage: type[Options]) -> None:
    options = stage()
    assert stage.from_dict(json.loads(json.dumps(options.to_dict()))) == options


def test_sequences_from_json_become_tuples() -> None:
    options = PretrainConfig.from_dict(
        {"pretext": "flow+proxy", "proxies": ["a"], "weights": {"flow": 0.5}}
    )
    assert options.proxies == ("a",)
    assert ProtocolConfig.from_dict({"splits": [1, 2]}).splits == (1, 2)


@pytest.mark.parametrize("stage", STAGES)
def test_the_digest_changes_with_every_option(stage: Any) -> None:
    other: dict[str, Any] = {
        "k": 3,
        "sigma": 0.2,
        "alpha": 0.25,
        "seed": 4,
        "pooling": "max",
        "directions": "forward",
        "rounds": 2,
        "standardise": False,
        "name": "other",
        "task_options": {"gmae": {"mask_share": 0.5}},
        "width": 16,
        "n_layers": 2,
        "dropout": 0.2,
        "n_heads": 2,
        "attention_dropout": 0.3,
        "max_nodes": 5,
        "pretext": "none",
        "proxies": ("a",),
        "weights": {"flow": 2.0},
        "epochs": 7,
        "batch_size": 9,
        "lr": 0.1,
        "weight_decay": 0.1,
        "schedule": "constant",
        "decoder_width": 3,
        "decoder_layers": 1,
        "margin": 0.7,
        "pairs_per_graph": 5,
        "clip": 2.0,
        "group": "isomorphism",
        "ratio": 0.5,
        "n_validation": 0,
        "splits": (1,),
        "seeds": (1,),
        "proxy_heads": "average",
        "view_share": 0.3,
        "temperature": 0.5,
        "mask_share": 0.5,
        "kl_weight": 0.0,
        "rescale": 0.5,
        "activation": "gelu",
        "op_activations": {"conv1x1": "gelu"},
        "pretrain_on": "training-half",
        "pretrain_share": 0.5,
        "test_metric": "other",
        "average": 5,
        "epoch_pairs": "labelled",
    }
    names = [field.name for field in dataclasses.fields(stage)]
    digests = {stage().digest()} | {stage(**{name: other[name]}).digest() for name in names}
    assert len(digests) == len(names) + 1


def test_raising_the_version_of_a_part_changes_all_that_depends_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @dataclasses.dataclass(frozen=True)
    class Whole(Options):
        fit: FitConfig = dataclasses.field(default_factory=FitConfig)
        encoder: EncoderConfig = dataclasses.field(default_factory=EncoderConfig)

    before = Whole().digest(), FitConfig().digest(), EncoderConfig().digest()
    monkeypatch.setattr(FitConfig, "version", 2)
    after = Whole().digest(), FitConfig().digest(), EncoderConfig().digest()
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


# Results of this version are found by these. Where one changes, a new version begins:
# `nasflow.experiments.kept` says what is kept under which key.
DIGESTS = (
    (SurrogateConfig(), "34c0e1240a11082a"),
    (EncoderConfig(), "fd62333648393fc9"),
    (LONG_PRETRAINING, "b62d1fe4e74df6d4"),
    (FitConfig(), "0850de209c8a0394"),
    (ProtocolConfig(), "b900985e64aca804"),
)


@pytest.mark.parametrize(("stage", "digest"), DIGESTS)
def test_kept_results_are_still_found(stage: Options, digest: str) -> None:
    assert stage.digest() == digest


def test_stages_with_equal_options_have_different_digests() -> None:
    class Twin(SurrogateConfig):
        pass

    assert Twin().digest() != SurrogateConfig().digest()


def test_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FitConfig().lr = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stage", "options", "words"),
    [
        (
            SurrogateConfig,
            {"op_activations": {"conv": "elu"}},
            ["op_activations['conv']", "elu", "relu, gelu"],
        ),
        (SurrogateConfig, {"activation": "elu"}, ["activation", "elu", "relu, gelu"]),
        (SurrogateConfig, {"k": 0}, ["SurrogateConfig.k", "0", "at least 1"]),
        (SurrogateConfig, {"k": True}, ["SurrogateConfig.k", "True"]),
        (SurrogateConfig, {"k": 4.0}, ["SurrogateConfig.k", "4.0"]),
        (SurrogateConfig, {"sigma": 0}, ["SurrogateConfig.sigma", "above 0"]),
        (SurrogateConfig, {"sigma": float("nan")}, ["SurrogateConfig.sigma", "nan"]),
        (SurrogateConfig, {"sigma": "0.1"}, ["SurrogateConfig.sigma", "'0.1'"]),
        (SurrogateConfig, {"alpha": 1.5}, ["SurrogateConfig.alpha", "1.5", "0 to 1"]),
        (SurrogateConfig, {"seed": -1}, ["SurrogateConfig.seed", "-1", "4294967295"]),
        (SurrogateConfig, {"seed": 2**32}, ["SurrogateConfig.seed"]),
        (
            SurrogateConfig,
            {"pooling": "median"},
            ["SurrogateConfig.pooling", "median", "sum, mean, max"],
        ),
        (SurrogateConfig, {"directions": "up"}, ["both, forward, backward"]),
        (
            SurrogateConfig,
            {"rounds": 2, "directions": "forward"},
            ["SurrogateConfig.rounds", "forward"],
        ),
        (EncoderConfig, {"width": 0}, ["EncoderConfig.width"]),
        (EncoderConfig, {"n_layers": 0}, ["EncoderConfig.n_layers"]),
        (EncoderConfig, {"dropout": 1.0}, ["EncoderConfig.dropout", "0.99"]),
        (TransformerConfig, {"n_heads": 0}, ["TransformerConfig.n_heads", "at least 1"]),
        (TransformerConfig, {"n_heads": 3}, ["n_heads", "3", "a divisor of the width, 128"]),
        (
            FlowerFormerConfig,
            {"attention_dropout": -0.1},
            ["FlowerFormerConfig.attention_dropout", "0.99"],
        ),
        (MLPConfig, {"max_nodes": 0}, ["MLPConfig.max_nodes", "at least 1"]),
        (PretrainConfig, {"lr": 0.0}, ["PretrainConfig.lr", "above 0"]),
        (PretrainConfig, {"lr": float("inf")}, ["PretrainConfig.lr", "inf"]),
        (PretrainConfig, {"schedule": "cosine"}, ["cosine", "one-cycle, constant"]),
        (PretrainConfig, {"decoder_layers": 4}, ["decoder_layers", "4", "1, 2 or 3"]),
        (ProxyRankingConfig, {"margin": 0}, ["ProxyRankingConfig.margin", "above 0"]),
        (PretrainConfig, {"weights": {"flow": 0.0}}, ["weights", "above 0"]),
        (PretrainConfig, {"weights": {"flow": float("inf")}}, ["weights", "inf", "above 0"]),
        (PretrainConfig, {"weights": {"flow": "1"}}, ["weights", "'1'", "above 0"]),
        (
            PretrainConfig,
            {"pretext": "proxy", "proxies": "jacov"},
            ["proxies", "'jacov'", "a list"],
        ),
        (PretrainConfig, {"proxies": ["a", "b", "a"]}, ["proxies", "each name once"]),
        (FitConfig, {"proxies": "jacov"}, ["FitConfig.proxies", "'jacov'", "a list"]),
        (PretrainConfig, {"pretext": "flow+flow"}, ["pretext", "flow+flow", "once"]),
        (PretrainConfig, {"pretext": "proxy"}, ["proxies", "at least one column"]),
        (ProxyRankingConfig, {"proxy_heads": "all"}, ["proxy_heads", "'all'", "each, average"]),
        (GraphCLConfig, {"temperature": 0}, ["GraphCLConfig.temperature", "above 0"]),
        (GraphCLConfig, {"view_share": 0}, ["GraphCLConfig.view_share", "above 0 to 1"]),
        (GMAEConfig, {"mask_share": 1.5}, ["GMAEConfig.mask_share", "1.5", "above 0 to 1"]),
        (Arch2VecConfig, {"kl_weight": -1}, ["Arch2VecConfig.kl_weight", "-1", "from 0"]),
        (FitConfig, {"epoch_pairs": "all"}, ["epoch_pairs", "'all'", "validation, labelled"]),
        (FitConfig, {"batch_size": 1}, ["FitConfig.batch_size", "at least 2"]),
        (FitConfig, {"clip": 0}, ["FitConfig.clip"]),
        (FitConfig, {"margin": -0.1}, ["FitConfig.margin"]),
        (ProtocolConfig, {"ratio": 0}, ["ProtocolConfig.ratio"]),
        (ProtocolConfig, {"ratio": 1.01}, ["ProtocolConfig.ratio", "1.01"]),
        (ProtocolConfig, {"pretrain_share": 0}, ["ProtocolConfig.pretrain_share", "above 0 to 1"]),
        (
            ProtocolConfig,
            {"pretrain_on": "half"},
            ["ProtocolConfig.pretrain_on", "all, training-half"],
        ),
        (ProtocolConfig, {"n_validation": -1}, ["ProtocolConfig.n_validation", "-1"]),
        (ProtocolConfig, {"splits": ()}, ["ProtocolConfig.splits", "at least one"]),
        (ProtocolConfig, {"seeds": (3, 3)}, ["ProtocolConfig.seeds", "(3, 3)", "different"]),
        (ProtocolConfig, {"seeds": (-1,)}, ["ProtocolConfig.seeds"]),
    ],
)
def test_an_illegal_value_is_refused_and_named(
    stage: Any, options: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        stage(**options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("pretext", "tasks"),
    [
        ("none", ()),
        ("flow", ("flow",)),
        ("flow+proxy", ("flow", "proxy")),
        ("proxy+flow", ("proxy", "flow")),
    ],
)
def test_tasks_are_the_parts_of_the_pretext(pretext: str, tasks: tuple[str, ...]) -> None:
    assert PretrainConfig(pretext=pretext, proxies=("a",)).tasks == tasks


def test_values_at_the_limits_are_legal() -> None:
    assert SurrogateConfig(alpha=0).alpha == 0
    assert SurrogateConfig(alpha=1).alpha == 1
    assert ProtocolConfig(ratio=1, n_validation=0).ratio == 1
    assert EncoderConfig(dropout=0).dropout == 0


def test_weights_are_scaled_over_the_tasks_at_hand() -> None:
    weights = {"flow": 1.0, "proxy": 3.0}
    assert PretrainConfig(pretext="flow+proxy", proxies=("p",), weights=weights).task_weights == {
        "flow": 0.25,
        "proxy": 0.75,
    }
    assert PretrainConfig(weights=weights).task_weights == {"flow": 1.0}
    assert PretrainConfig(pretext="flow+proxy", proxies=("p",)).task_weights == {
        "flow": 0.5,
        "proxy": 0.5,
    }


def test_the_name_of_a_plug_in_asks_for_its_options_as_a_path_does() -> None:
    options = EncoderConfig("transformer", width=16, n_heads=4)
    assert type(options) is TransformerConfig
    assert type(EncoderConfig("gin")) is EncoderConfig
    assert SearchConfig("evolution", tournament=3).tournament == 3  # type: ignore[attr-defined]
    for one in (options, EncoderConfig("gin"), SearchConfig("npenas", round_size=2)):
        assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
        assert type(one).from_dict(json.loads(json.dumps(one.to_dict()))).digest() == one.digest()
    assert type(EncoderConfig.from_dict({"name": "mlp", "max_nodes": 3})) is MLPConfig
    with pytest.raises(ConfigError, match=r"unknown MLPConfig option 'max_node' \(did you mean"):
        EncoderConfig.from_dict({"name": "mlp", "max_node": 3})


def test_options_of_a_task_may_be_given_as_an_object() -> None:
    by_object = PretrainConfig(task_options={"gmae": GMAEConfig(mask_share=0.5)})  # type: ignore[dict-item]
    assert by_object == PretrainConfig(task_options={"gmae": {"mask_share": 0.5}})
