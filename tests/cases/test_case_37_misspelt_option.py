from __future__ import annotations

import pytest

from nasflow.cli import main
from nasflow.errors import ConfigError
from nasflow.options.training import FitConfig


def test_a_misspelt_option_is_an_error_that_names_the_nearest(
    capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    """A misspelt option silently became None."""
    with pytest.raises(
        ConfigError, match=r"unknown FitConfig option 'lerning_rate' .did you mean 'lr'"
    ):
        FitConfig.from_dict({"lerning_rate": 0.1})
    with pytest.raises(ConfigError, match="did you mean 'weight_decay'"):
        FitConfig.from_dict({"weight_decoy": 0.1})
    file = f"{tmp_path}/options.yaml"
    with open(file, "w") as out:
        out.write("fit:\n  lerning_rate: 0.1\n")
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "nbgraph-cora", "--config", file])
    assert stop.value.code == 2
    assert "did you mean 'fit.lr'?" in capsys.readouterr().err
