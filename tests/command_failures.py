"""`failure`: how a command ends that is asked for something wrong."""

from __future__ import annotations

import pytest

from nasflow.cli import main


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a command says before it ends in 2."""
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("nasflow: ")
    assert error.count("\n") == 1
    return error
