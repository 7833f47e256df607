"""What all tests share: a cache of their own, reproducible hypothesis runs, and the folder of real
tables.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# before anything is imported, and for every process a test starts: never the user's own cache
os.environ["NASFLOW_CACHE"] = tempfile.mkdtemp(prefix="nasflow-tests-")
atexit.register(shutil.rmtree, os.environ["NASFLOW_CACHE"], ignore_errors=True)

settings.register_profile(
    "tests", deadline=None, derandomize=True, max_examples=50, print_blob=True
)
settings.load_profile("tests")


# threads that wait actively make small steps 100 times as slow where the machine is busy with
# others
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# `pytest -n auto` has a process for each core: more threads in one would wait for the others
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def local_ray(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Ray, for clusters on this machine; the test is skipped without NASFLOW_FULL: such a cluster
    takes a while.
    """
    if not os.environ.get("NASFLOW_FULL"):
        pytest.skip("starts a Ray cluster: set NASFLOW_FULL=1 to run it")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    ray: ModuleType = pytest.importorskip("ray")
    return ray


@pytest.fixture
def nasflow_data() -> Path:
    """The folder of real benchmark tables; the test is skipped where there is none."""
    folder = os.environ.get("NASFLOW_DATA")
    if not folder:
        pytest.skip("needs nb201.csv.gz: set NASFLOW_DATA to a folder with the real tables")
    if not (Path(folder) / "nb201.csv.gz").is_file():
        pytest.skip(f"needs nb201.csv.gz in NASFLOW_DATA={folder}")
    return Path(folder)
