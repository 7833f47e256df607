from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from nasflow.errors import ConfigError
from nasflow.running.environment import cache_dir, data_dir


@pytest.mark.parametrize("value", [None, ""])
def test_an_unset_or_empty_data_folder_is_none(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("NASFLOW_DATA", raising=False)
    else:
        monkeypatch.setenv("NASFLOW_DATA", value)
    assert data_dir() is None


def test_a_data_folder_must_be_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path))
    assert data_dir() == tmp_path
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NASFLOW_DATA", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"NASFLOW_DATA=.*file is no folder"):
        data_dir()


def test_the_cache_is_where_the_variable_says_and_else_where_the_platform_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NASFLOW_CACHE", str(tmp_path / "not-yet-there"))
    assert cache_dir() == tmp_path / "not-yet-there"
    monkeypatch.delenv("NASFLOW_CACHE")
    assert cache_dir() == Path(platformdirs.user_cache_dir("nasflow"))
