from __future__ import annotations

import json
from pathlib import Path

from nasflow.cli import main
from nasflow.datasets import load_dataset
from nasflow.running.journal import Journal


def test_a_result_lies_beside_what_is_needed_to_make_it_again(tmp_path: Path) -> None:
    """Could not be reproduced: another version, 12 against 200 epochs."""
    main(
        [
            "evaluate",
            "nbgraph-proteins",
            "--methods",
            "none",
            "--ratio",
            "0.05",
            "--splits",
            "[21]",
            "--seeds",
            "[21]",
            "--fit.epochs",
            "2",
            "--encoder.width",
            "8",
            "--jobs",
            "1",
            "--out",
            str(tmp_path),
        ]
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert len(manifest["dataset"]["content_sha256"]) == 64
    assert manifest["dataset"]["metric_sha256"] == load_dataset("nbgraph-proteins").content_hash(
        ["test_perf"]
    )
    assert manifest["dataset"]["origin"]["package"] == "nas-bench-graph"
    assert manifest["metric"]["name"] == "test_perf"
    assert manifest["options"]["fit"]["epochs"] == 2
    assert manifest["options"]["protocol"] == {
        "ratio": 0.05,
        "n_validation": 40,
        "group": "none",
        "splits": [21],
        "seeds": [21],
        "pretrain_on": "all",
        "pretrain_share": 1.0,
        "test_metric": None,
    }
    assert {"python", "torch", "numpy", "nasflow"} <= set(manifest["versions"])
    journal = Journal(tmp_path / "runs.jsonl").entries()
    assert manifest["runs"] == dict.fromkeys(journal)  # of these two methods neither is pre-trained
    assert (tmp_path / "surrogates.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "runs.csv").read_text().count("\n") == 3  # header, none, gp
    assert "| none |" in (tmp_path / "table.md").read_text()
