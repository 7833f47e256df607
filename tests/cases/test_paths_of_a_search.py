"""A whole budget was trained before `File exists`; two studies wrote into one folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nasflow.cli import main

TRAINER = """
from pathlib import Path

def train(architecture):
    Path("trained").touch()
    return len(architecture.ops)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)


def search(*more: str) -> None:
    words = ["search", "space.yaml", "--train", "mine.py:train", "--strategy", "random"]
    main([*words, "--budget", "1", *more])


@pytest.mark.parametrize("study", ["nosuffix", "lr0.01", "study.db", "a.sqlite"])
def test_a_study_of_any_name_has_its_results_beside_it(study: str) -> None:
    search("--study", study)
    tables = list(Path().glob("*/table.txt"))
    assert len(tables) == 1
    assert Path(study).is_file()


def test_no_two_studies_share_a_folder() -> None:
    names = ["lr0.01", "lr0.02", "lr0.db", "lr0.sqlite", "lr0-results.db"]
    for name in names:
        search("--study", name)
    assert len(list(Path().glob("*/table.txt"))) == len(names)


def refused(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    with pytest.raises(SystemExit) as end:
        search(*more)
    assert end.value.code == 2
    assert not Path("trained").exists()
    return capsys.readouterr().err


def test_paths_that_cannot_be_are_told_before_the_first_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("file").touch()
    Path("folder").mkdir()
    Path("taken/search.png").mkdir(parents=True)
    assert "file is a file" in refused(capsys, "--study", "a.db", "--out", "file")
    assert "no folder" in refused(capsys, "--study", "a.db", "--out", "file/sub")
    assert "is a folder" in refused(capsys, "--study", "folder")
    assert "no folder" in refused(capsys, "--study", "file/a.db")
    assert "is a folder" in refused(capsys, "--study", "a.db", "--out", "taken")
    assert "the study itself" in refused(capsys, "--study", "a.db", "--out", "a.db")
    # the folder that would be the study's is taken by a file
    assert "file is a file" in refused(capsys, "--study", "file.db")
    assert not Path("a.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folders_without_permission_are_told_before_the_first_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("closed").mkdir(mode=0o555)
    assert "cannot be written" in refused(capsys, "--study", "a.db", "--out", "closed")
    assert "cannot be written" in refused(capsys, "--study", "closed/a.db")
