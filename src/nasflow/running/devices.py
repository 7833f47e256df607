"""`checked_device`: where to compute, or an error that says where one could."""

from __future__ import annotations

import torch

from nasflow.errors import ConfigError


def checked_device(name: str) -> torch.device:
    """The device of that name, such as "cpu" or "cuda".

    Raises:
        ConfigError: there is none here.
    """
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
