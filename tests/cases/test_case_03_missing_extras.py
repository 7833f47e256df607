from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
for name in ("onnx", "pyarrow", "torch_geometric", "networkx"):
    sys.modules[name] = None                 # as if it were not installed
from nasflow.errors import MissingExtraError
import nasflow.importers                     # importing the package needs none of them
try:
    {call}
except MissingExtraError as error:
    assert isinstance(error, ImportError)
    print(error)
"""
CALLS = {
    "onnx": 'nasflow.importers.from_onnx("m.onnx")',
    "networkx": "nasflow.importers.from_networkx(None)",
    "pyg": "nasflow.importers.from_pyg(None)",
    "parquet": 'import nasflow.datasets.importing as i; i.read_table("parquet", sys.argv[1])',
}


@pytest.mark.parametrize("extra", CALLS)
def test_the_error_names_the_extra_to_install(extra: str, tmp_path: Path) -> None:
    """An optional module that is absent broke the import of the whole package."""
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(call=CALLS[extra]), str(tmp_path / "t.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"install it with: pip install 'nasflow[{extra}]'" in run.stdout, run.stderr
