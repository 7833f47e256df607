"""The options: what they accept, what they refuse, and how an error helps."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.options.base import Options, later
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig

STAGES = [SurrogateConfig, EncoderConfig, PretrainConfig, FitConfig, ProtocolConfig]


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


def test_stored_options_that_lack_a_later_one_mean_its_absence() -> None:
    @dataclasses.dataclass(frozen=True)
    class Inner(Options):
        new: int = later(1, default=5)

    @dataclasses.dataclass(frozen=True)
    class Outer(Options):
        inner: Inner = dataclasses.field(default_factory=Inner)
        k: int = 8

    Outer.__annotations__["inner"] = Inner  # a class of this function is found by no name
    assert Outer.from_stored({"inner": {}, "k": 3}) == Outer(Inner(new=1), 3)
    assert Outer.from_stored(Outer().to_dict()) == Outer(Inner(new=5))
    with pytest.raises(ConfigError, match="unknown"):
        Outer.from_stored({"inner": {"old": 1}})


def test_an_option_added_later_leaves_finished_runs_valid() -> None:
    @dataclasses.dataclass(frozen=True)
    class Stage(Options):
        k: int = 8

    before = Stage().digest(), Stage(k=9).digest()

    @dataclasses.dataclass(frozen=True)  # type: ignore[no-redef]
    class Stage(Options):
        k: int = 8
        new: dict[str, int] = later({})

    assert (Stage().digest(), Stage(k=9).digest()) == before
    assert Stage(new={"a": 1}).digest() not in before

    @dataclasses.dataclass(frozen=True)  # type: ignore[no-redef]
    class Stage(Options):
        k: int = 8
        new: dict[str, int] = later(
            {}, default={"a": 1}
        )  # a default that changes is no longer what absence means

    assert (Stage(new={}).digest(), Stage(k=9, new={}).digest()) == before
    assert Stage().digest() not in before


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


# Results that were kept are found by these. An option that is added is made by `later`, and they
# stay.
DIGESTS = {
    SurrogateConfig: "be667b9f14fb509a",
    EncoderConfig: "a4f8670905768fcf",
    PretrainConfig: "64582e93e64c92f9",
    FitConfig: "70391721c9aa20f9",
    ProtocolConfig: "18c6969895a18798",
}


@pytest.mark.parametrize("stage", STAGES)
def test_kept_results_are_still_found(stage: type[Options]) -> None:
    assert stage().digest() == DIGESTS[stage], f"make the new option of {stage.__name__} by `later`"


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
        (EncoderConfig, {"n_heads": 0}, ["EncoderConfig.n_heads", "at least 1"]),
        (EncoderConfig, {"attention_dropout": -0.1}, ["EncoderConfig.attention_dropout", "0.99"]),
        (EncoderConfig, {"max_nodes": 0}, ["EncoderConfig.max_nodes", "at least 1"]),
        (PretrainConfig, {"lr": 0.0}, ["PretrainConfig.lr", "above 0"]),
        (PretrainConfig, {"lr": float("inf")}, ["PretrainConfig.lr", "inf"]),
        (PretrainConfig, {"schedule": "cosine"}, ["cosine", "one-cycle, constant"]),
        (PretrainConfig, {"decoder_layers": 4}, ["decoder_layers", "4", "1, 2 or 3"]),
        (PretrainConfig, {"margin": 0}, ["PretrainConfig.margin", "above 0"]),
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
        (PretrainConfig, {"proxy_heads": "all"}, ["proxy_heads", "'all'", "each, average"]),
        (PretrainConfig, {"temperature": 0}, ["PretrainConfig.temperature", "above 0"]),
        (PretrainConfig, {"view_share": 0}, ["PretrainConfig.view_share", "above 0 to 1"]),
        (PretrainConfig, {"mask_share": 1.5}, ["PretrainConfig.mask_share", "1.5", "above 0 to 1"]),
        (PretrainConfig, {"kl_weight": -1}, ["PretrainConfig.kl_weight", "-1", "from 0"]),
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
