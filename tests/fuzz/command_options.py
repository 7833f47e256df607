"""The options that several commands have: those of encoders, of the stages, of the protocol."""

from __future__ import annotations

from fuzz.command_words import (
    BATCH,
    ENCODERS,
    GROUP,
    HUGE,
    METRIC,
    NUMBERS,
    ODD,
    ODD_ENCODERS,
    ODD_NUMBERS,
    SEEDS,
    SHARES,
    WIDTH,
    WORK,
    YES,
    Values,
)

COLUMNS = Values(("[size]",), ("[accuracy]", "[missing]", "size", *ODD))
ENCODER = {
    "--encoder": GROUP,
    "--encoder.name": Values(ENCODERS, ODD_ENCODERS),
    "--encoder.width": WIDTH,
    "--encoder.n_layers": WORK,
    "--encoder.dropout": SHARES,
}
SURROGATE = {
    "--surrogate": GROUP,
    "--surrogate.standardise": YES,
    "--surrogate.k": WIDTH,
    "--surrogate.sigma": SHARES,
    "--surrogate.alpha": SHARES,
    "--surrogate.seed": NUMBERS,
    "--surrogate.rounds": WORK,
    "--surrogate.rescale": SHARES,
    "--surrogate.pooling": Values(("sum", "mean", "max", "root")),
    "--surrogate.directions": Values(("both", "forward", "backward")),
    "--surrogate.activation": Values(("relu", "tanh")),
    "--surrogate.op_activations": Values(("{conv: tanh}",), ("{x: tanh}", "{conv: x}", *ODD)),
}
PRETRAIN = {
    "--pretrain": GROUP,
    "--pretrain.weights": Values(("{flow: 2}",), ("{flow: -1}", "{flow: .nan}", "{x: 1}", *ODD)),
    "--pretrain.epochs": WORK,
    "--pretrain.batch_size": BATCH,
    "--pretrain.lr": SHARES,
    "--pretrain.weight_decay": SHARES,
    "--pretrain.schedule": Values(("one-cycle", "constant")),
    "--pretrain.decoder_width": WIDTH,
    "--pretrain.decoder_layers": WORK,
}
FIT = {
    "--fit": GROUP,
    "--fit.weight_decay": SHARES,
    "--fit.epochs": WORK,
    "--fit.batch_size": BATCH,
    "--fit.lr": SHARES,
    "--fit.clip": SHARES,
    "--fit.margin": SHARES,
    "--fit.proxies": COLUMNS,
    "--fit.average": NUMBERS,
    "--fit.epoch_pairs": Values(("validation", "labelled")),
}
PROTOCOL = {
    "--ratio": SHARES,
    "--n_validation": Values(("2", "0", "4"), (*ODD_NUMBERS, *HUGE)),
    "--splits": SEEDS,
    "--seeds": SEEDS,
    "--group": Values(("none", "isomorphism")),
    "--pretrain_on": Values(("all", "training-half")),
    "--pretrain_share": SHARES,
    "--test_metric": METRIC,
}
# options that keep a command quick
SMALL_ENCODER = ("--encoder.width=4", "--encoder.n_layers=1")
SMALL_PRETRAIN = ("--pretrain.epochs=1", "--surrogate.k=2")
SMALL_FIT = ("--metric=accuracy", "--fit.epochs=1")
