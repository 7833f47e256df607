from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import miniatures

SCRIPT = """
import sys
for name in ("tensorflow", "torch"):
    sys.modules[name] = None                 # an import of it would fail
from nasflow.datasets.importing import read_table
data = read_table("nb101-tfrecord", sys.argv[1])
print(len(data), data.values["valid_108ep"].shape)
"""


def test_nas_bench_101_s_records_are_read_without_tensorflow_and_without_torch(
    tmp_path: Path,
) -> None:
    """The official reader needs TensorFlow 1."""
    path = tmp_path / "nasbench_full.tfrecord"
    path.write_bytes(miniatures.nb101_tfrecord())
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False
    )
    assert run.stdout == "3 (3, 3)\n", run.stderr
