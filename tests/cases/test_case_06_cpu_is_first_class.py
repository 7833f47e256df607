from __future__ import annotations

import pytest

from nasflow import Predictor
from nasflow.errors import ConfigError


def test_the_default_device_is_the_cpu_and_an_absent_one_is_named() -> None:
    """GPU-only code on a CPU machine."""
    assert Predictor().device == "cpu"
    with pytest.raises(ConfigError, match=r"device 'warp'.*legal here: cpu"):
        Predictor(device="warp")
