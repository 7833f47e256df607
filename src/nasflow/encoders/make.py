"""From options to an encoder."""

from __future__ import annotations

import copy
import dataclasses

from nasflow.encoders.base import Encoder
from nasflow.encoders.registry import ENCODERS, EncoderConfig
from nasflow.errors import ConfigError
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.running.registry import is_place


def config_for(config: EncoderConfig, table: ArchTable) -> EncoderConfig:
    """The options as the encoder's own, with what it must know of the graphs in `table`.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
        ConfigError: options of another encoder.
    """
    encoder = ENCODERS.find(config.name)
    completed: EncoderConfig = encoder.config_for(_completed(config, encoder), table)
    return completed


def make_encoder(n_ops: int, config: EncoderConfig, units: NumberUnits | None = None) -> Encoder:
    """A new encoder for a vocabulary of `n_ops` operations, drawn from torch's generator.

    Args:
        n_ops: size of the vocabulary.
        config: which encoder, and its options.
        units: the numbers of nodes and graphs that it reads; none by default.

    Raises:
        UnknownNameError: `config.name` is not registered; the message lists the names.
        ConfigError: options of another encoder, or numbers on nodes for one that reads none.
    """
    encoder = ENCODERS.find(config.name)
    made: Encoder = encoder(n_ops, _completed(config, encoder))
    if units:
        made.read_numbers(units)
    return made


def _completed(config: EncoderConfig, encoder: type[Encoder]) -> EncoderConfig:
    """The options as objects of the encoder's own class, its further options at their defaults."""
    if isinstance(config, encoder.Config):
        return config
    if type(config) is not EncoderConfig:
        raise ConfigError(
            f"{type(config).__name__} with the name {config.name!r}: its options are those of "
            f"another encoder; legal: {encoder.Config.__name__}, or "
            f"EncoderConfig({config.name!r}, ...)"
        )
    shared = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return encoder.Config(**shared)


def encoder_config(encoder: EncoderConfig | str | type[Encoder]) -> EncoderConfig:
    """The options of an encoder that is given as options, by its name, or as a class.

    Raises:
        ConfigError: it is none of these.
    """
    if isinstance(encoder, EncoderConfig):
        return encoder
    if isinstance(encoder, str):
        return EncoderConfig(encoder)
    if isinstance(encoder, type) and issubclass(encoder, Encoder):
        return encoder.Config(name=ENCODERS.name_of(encoder))
    raise ConfigError(
        f"encoder is {encoder!r}; legal: an EncoderConfig, the name of an encoder"
        f" ({', '.join(ENCODERS.names())}), a subclass of nasflow.Encoder, or an instance of one"
    )


def copied(encoder: Encoder, n_ops: int) -> Encoder:
    """A copy of an encoder that a user gave, for fitting must not change the user's own.

    Raises:
        ConfigError: it is for a vocabulary of another size.
    """
    if encoder.n_ops != n_ops:
        raise ConfigError(
            f"the encoder that was given is for {encoder.n_ops} operations; the vocabulary has"
            f" {n_ops}: make it for as many, or give its class"
        )
    made = copy.deepcopy(encoder)
    # its options may bear any name: by this one a saved model, or a new encoder like it, finds it
    made.config = dataclasses.replace(encoder.config, name=ENCODERS.name_of(type(encoder)))
    return made


def foreign_name(config: EncoderConfig) -> str | None:
    """The name of an encoder that is neither here nor in an installed package; None otherwise.

    Whoever has the options has named it, so that a file that needs it may be loaded with it.
    """
    return config.name if is_place(config.name) else None
