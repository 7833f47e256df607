"""Tasks that train an encoder without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.running.exports import exports

if TYPE_CHECKING:
    from nasflow.pretext.base import Pretext as Pretext
    from nasflow.pretext.base import PretextSetting as PretextSetting
    from nasflow.pretext.base import Step as Step
    from nasflow.pretext.base import decoder as decoder
    from nasflow.pretext.make import make_pretexts as make_pretexts
    from nasflow.pretext.registry import PRETEXTS as PRETEXTS
    from nasflow.pretext.registry import pretext_names as pretext_names

# on use: the names are there before torch is
__getattr__, __dir__, __all__ = exports(
    __name__,
    base=["Pretext", "PretextSetting", "Step", "decoder"],
    make=["make_pretexts"],
    registry=["PRETEXTS", "pretext_names"],
)
