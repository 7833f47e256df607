"""`checked_device`: where to compute, or an error that says where one could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.errors import ConfigError

if TYPE_CHECKING:
    import torch


def check_device(name: str) -> None:
    """Return if there is a device of that name, such as "cpu" or "cuda".

    Raises:
        ConfigError: there is none here.
    """
    # it is always there, and asking torch would import it
    if name != "cpu":
        checked_device(name)


def checked_device(name: str) -> torch.device:
    """The device of that name, such as "cpu" or "cuda".

    Raises:
        ConfigError: there is none here.
    """
    import torch  # see `check_device`

    try:
        device = torch.device(name)
        # a number from there: the device `meta` has tensors without any
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device {name!r} is not there ({str(error).splitlines()[0]}); legal here: cpu"
            f"{', cuda' if torch.cuda.is_available() else ''}"
        ) from None
    return device
