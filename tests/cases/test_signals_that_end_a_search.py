"""SIGTERM or a closed terminal: no word, and the training had used one of its two starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nasflow.search.store import Store
from nasflow.search.trial import Trial

TRAINER = """
import time
from pathlib import Path

def train(architecture):
    Path("begun").touch()
    time.sleep(60)
"""
SCRIPT = "from pathlib import Path; import time; Path('begun').touch(); time.sleep(60)"


def stopped_by(sent: signal.Signals, train: str, to_group: bool) -> tuple[str, int, list[Trial]]:
    """Output and exit code of a search that a signal ends in its training, and its trials."""
    words = [sys.executable, "-m", "nasflow", "search", "space.yaml", "--train", train]
    process = subprocess.Popen(
        [*words, "--strategy", "random", "--budget", "2"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not Path("begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    if to_group:
        os.killpg(process.pid, sent)
    else:
        process.send_signal(sent)
    out, _ = process.communicate(timeout=60)
    return out.decode(), process.returncode, Store("study.db").trials()


@pytest.mark.parametrize("train", ["mine.py:train", f"{sys.executable} train.py {{arch}}"])
@pytest.mark.parametrize("to_group", [False, True], ids=["process", "group"])
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_search_stops_in_order_and_the_start_does_not_count(
    sent: signal.Signals,
    to_group: bool,
    train: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"}')
    Path("mine.py").write_text(TRAINER)
    Path("train.py").write_text(SCRIPT)
    out, code, trials = stopped_by(sent, train, to_group)
    assert code == 130, out
    assert "stopped; the same command goes on where it was" in out
    assert "Traceback" not in out
    assert "resource_tracker" not in out
    assert [(trial.state, trial.starts) for trial in trials] == [("planned", 0)]
