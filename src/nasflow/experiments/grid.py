"""`run_grid`: a list of runs over local processes, each finished one a line in a journal.

    FOLDER/runs.jsonl       one line for each finished pre-training and run
    FOLDER/predictions/     what each run predicted (`nasflow.experiments.records`)
    FOLDER/pretrained/      weights, shared by all runs with the same pre-training
    FOLDER/manifest.json    data hash, options, versions, machine

Whatever is in the journal is not done again, so a killed grid goes on where it was when it is
started anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from nasflow.experiments.kept import Entries, kept_key, weights_path
from nasflow.experiments.protocol import VALIDATION, do_pretraining, do_run, do_validation
from nasflow.experiments.runs import Pretraining, Run
from nasflow.running.journal import Journal
from nasflow.running.progress import progress_bar
from nasflow.running.tasks import run_tasks
from nasflow.running.workers import Task


def run_grid(
    runs: Sequence[Run],
    folder: Path,
    n_workers: int,
    *,
    what: Literal["test", "validation"] = "test",
    ray: str | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """The journal entries of all runs, in their order; what is not done yet is done first.

    Args:
        runs: what `plan` gave.
        folder: where results live.
        n_workers: number of processes.
        what: all that there is to know of a run, or how it does on the validation rows alone.
        ray: address of a Ray cluster that does the work in place of local processes; `folder` must
            be one that all its machines share.
        progress: whether to draw a progress bar.
    """
    folder = folder.absolute()  # workers of a cluster may start elsewhere
    journal = Journal(folder / "runs.jsonl")
    entries = journal.entries()
    work, suffix = (do_run, "") if what == "test" else (do_validation, VALIDATION)
    pretrainings: dict[str, Task] = {}
    others: dict[str, Task] = {}
    for run in runs:
        if kept_key(entries, run, suffix) in entries:
            continue  # done in an earlier call, or in that of another grid
        needs: tuple[str, ...] = ()
        pretraining = run.pretraining
        if pretraining is not None and not _is_done(pretraining, entries, folder):
            name = _name_of_pretraining(pretraining)
            # several runs share it: the first of them asks for it, the others wait too
            pretrainings.setdefault(name, Task(name, do_pretraining, (pretraining, folder)))
            needs = (name,)
        name = _name_of_run(run)
        others[name] = Task(name, work, (run, folder), needs)
    # pre-trainings first: the longest tasks, and others wait for them
    tasks = [*pretrainings.values(), *others.values()]
    entries = run_journalled(tasks, journal, n_workers, "runs", ray=ray, progress=progress)
    return [entries[kept_key(entries, run, suffix)] for run in runs]


def _name_of_run(run: Run) -> str:
    """What a run is called in messages; the key makes it the only one of that name."""
    return f"{run.method} on {run.dataset}, split {run.split}, seed {run.seed} ({run.key[:8]})"


def _name_of_pretraining(pretraining: Pretraining) -> str:
    """What a pre-training is called in messages; the key makes it the only one of that name."""
    pretext, seed = pretraining.pretrain.pretext, pretraining.pretrain.seed
    key = pretraining.digest()[:8]
    return f"pre-training {pretext} on {pretraining.dataset}, seed {seed} ({key})"


def _is_done(pretraining: Pretraining, entries: Entries, folder: Path) -> bool:
    """Whether a pre-training is done, and its weights are where they were kept."""
    is_known = kept_key(entries, pretraining) in entries
    # a line without weights: the folder was tidied up since
    return is_known and weights_path(pretraining, folder).exists()


def run_journalled(
    tasks: Sequence[Task],
    journal: Journal,
    n_workers: int,
    title: str,
    *,
    ray: str | None = None,
    progress: bool = True,
) -> dict[str, dict[str, Any]]:
    """Run tasks that return journal entries; all entries of the journal after that, by key.

    Each entry is appended the moment its task ends, here and not in the worker: what was done
    before a kill is on the disk.
    """
    with progress_bar(title, len(tasks), show=progress and bool(tasks)) as advance:

        def record(task: Task, entry: dict[str, Any]) -> None:
            journal.append(entry)
            advance(task.name)

        run_tasks(tasks, n_workers, record, ray=ray)
    return journal.entries()


def pretraining_seconds(runs: Sequence[Run], folder: Path) -> dict[str, float]:
    """Mean seconds of pre-training for each method of `runs`; 0 for those without."""
    entries = Journal(folder / "runs.jsonl").entries()
    # by method, then by key: runs that share a pre-training count it once
    seconds: dict[str, dict[str, float]] = {}
    for run in runs:
        seconds_of_method = seconds.setdefault(run.method, {})
        if run.pretraining is None:
            continue
        key = kept_key(entries, run.pretraining)
        if key in entries:
            seconds_of_method[key] = float(entries[key]["seconds"])
    means = {}
    for method, by_key in seconds.items():
        means[method] = sum(by_key.values()) / len(by_key) if by_key else 0.0
    return means
