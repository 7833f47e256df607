"""The text of docs/results/fgp-adds.md, from the journal of `benchmarks/fgp_adds.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.stats

from nasflow.experiments.tables import markdown, paired

if TYPE_CHECKING:
    from blend_results import Part

Entry = dict[str, Any]

FAST, BOTH = "fast", "fast + both encoders"
DRAWN, PRETRAINED = "fast + encoder", "fast + pre-trained encoder"
ONE_WIRING = ("macro",)
"""Spaces whose graphs have all the same edges: a blend leaves the pre-trained encoder out."""
AGAIN = (FAST, BOTH)
"""The mixtures whose best rows are ranked again for the top."""

# what each line of a table of differences answers
PAIRS = (
    (DRAWN, FAST),
    (PRETRAINED, FAST),
    (BOTH, FAST),
    (BOTH, DRAWN),
    (PRETRAINED, DRAWN),
    ("pretrained-encoder alone", "encoder alone"),
    ("fast + embedding GP", FAST),
    ("fast + both encoders + embedding GP", BOTH),
    ("fast + GP and trees for the top", FAST),
    ("fast + both encoders + GP and trees for the top", BOTH),
    ("fast + both encoders + encoder for the top", BOTH),
    ("top-encoder alone", "pretrained-encoder alone"),
    (f"{FAST}, best 5 % again by GP and trees for the top", FAST),
    (f"{BOTH}, best 5 % again by GP and trees for the top", BOTH),
)
FOR_SUMMARY = {
    "encoder, not pre-trained": (DRAWN, FAST),
    "both encoders": (BOTH, FAST),
    "pre-training, beside the encoder": (BOTH, DRAWN),
    "pre-training, of the encoder alone": ("pretrained-encoder alone", "encoder alone"),
}
TOP_SUMMARY = {
    "both encoders": (BOTH, FAST),
    "GP and trees for the top": ("fast + both encoders + GP and trees for the top", BOTH),
    "best 5 % again": (f"{BOTH}, best 5 % again by GP and trees for the top", BOTH),
    "encoder for the top": ("fast + both encoders + encoder for the top", BOTH),
}

_HEAD = """# What FGP adds to a blend

FGP is a graph network, pre-trained on the flow of each graph and fine-tuned to rank. In a
[blend](../predict.md) it stands beside four Gaussian processes and extremely randomised trees on
features of the graph (`fast`), once newly drawn (`encoder`) and once pre-trained
(`pre-trained encoder`); with both it is what `Predictor().pretrain(table).fit(...)` makes, called
`blend` elsewhere. Here one member after the other is left out, where no label is held back.

Splits, labels and options are those of [the page of blends](blend.md): 1 % of the training half and
40 more rows, three splits, and a seed of the networks or more. Members are fitted once for each
split and seed, and weighed anew for each line by the blend's own rule, on rows that they had not
seen. No member, group or option was chosen on these splits.

Command: `NASFLOW_DATA=... python benchmarks/fgp_adds.py --parts nb201 nb101 nb301 macro transnas
cora nb201-4 --seeds 21 2021 202121 --top-encoder nb201`; nb201-4 with the first seed, and the
encoder for the top too. Other parts were not run. Every run is a line of
[fgp-adds.jsonl](fgp-adds.jsonl), from which `python benchmarks/fgp_adds.py --report` writes this
page.
"""

FINDINGS = """\
* **FGP's encoder adds nearly a point of tau to the blend**: +0.9 with both encoders in the mean of
  the six spaces (+0.3 to +1.6 over spaces), in 44 of 54 runs: +1.3 to +1.7 on NAS-Bench-101, 201
  and 301, +0.7 on Cora, +0.3 on Macro and TransNAS. The intervals of single spaces are over three
  splits, which more seeds do not narrow, and hold 0. It takes one to three minutes, where the rest
  of the blend takes seconds.
* **Pre-training adds half of that**: +0.4 (+0.0 to +0.8) beside an encoder that is not pre-trained,
  in 44 of 54 runs, and +1.4 (-0.3 to +3.0) to the encoder alone. It is +0.5 to +0.7 on
  NAS-Bench-101, 201, 301 and Cora (above 0 on 201 and Cora), and +1.5 to +3.2 alone; on Macro and
  TransNAS it is -0.2 and +0.1, and -0.8 and -0.3 alone. On Macro, where all graphs have one wiring,
  a blend leaves it out by itself; it is measured here all the same.
* Where four zero-cost columns stand beside the graph, both encoders add +0.2 (-0.5 to +0.9).
* One encoder is nearly enough: with the pre-trained one alone the blend is within 0.4 of that with
  both on every space, and no member alone is above the blend by more than 0.3. Labels give it more
  weight than the other on NAS-Bench-101, 301 and Cora, and less on NAS-Bench-201 and TransNAS.
* The vector that pre-training alone makes of a graph adds little: a further Gaussian process on it
  and the features +1.1 on NAS-Bench-101 and between -0.3 and +0.4 elsewhere without the encoders,
  +0.4 and -0.2 to +0.2 beside them. By itself that vector ranks worse than features made by hand on
  every space.
* **At the top (P@1%) the encoders add nothing**: +0.1 (-1.4 to +1.6). Nor does what was tried for
  it: a process and trees that learn exponential scores change it by -0.1 (-0.7 to +0.6) as members,
  and by -1.7 (-7.0 to +3.6) where they order the best 5 % again. An encoder that is trained on more
  pairs of the best rows, run on NAS-Bench-201 alone, changes the blend by +0.3 too; by itself it
  has 8.8 more than the one without (-5.4 to +22.9), for 2.3 less of tau.
* What else was tried beside the members of the blend, and adds as little: [tries](tries.md).
"""

_ABOUT_FURTHER = """## Lines of the tables

* `embedding GP`: a fifth Gaussian process, on the features of the graph and on the vector that the
  pre-trained encoder makes of it, frozen. `embedding-only-gp` has this vector alone.
* `GP and trees for the top` are a process and trees that learn exponential scores of the labels, in
  which the best rows lie far apart and the worse half close together; they are weighed with the
  others (`benchmarks/top_members.py`).
* `best 5 % again`: the mixture's best 5 % of the test rows, by the sum of their ranks by the
  mixture and by these two.
* `encoder for the top`: one more pre-trained encoder, in whose epochs the best quarter of the
  labelled rows stands three times, which weighs the pairs that they are in.

tau, P@K and shares x100, mean (standard deviation) over runs; differences are paired by split and
seed, their 95 % intervals are over splits, of which each stands for the mean of its seeds.
"""


def text(entries: Mapping[str, Entry], parts: Mapping[str, Part]) -> str:
    """The page of all runs that are done."""
    by_part = _by_part(entries)
    there = [name for name in parts if name in by_part]
    sections = [_HEAD]
    if FINDINGS:
        sections.append(f"## What the tables say\n\n{FINDINGS}")
    sections.append(_summary("Kendall's tau", "tau", FOR_SUMMARY, by_part, parts))
    sections.append(_summary("P@1%", "p1", TOP_SUMMARY, by_part, parts))
    sections.append(_weights(by_part, there))
    sections.append(_ABOUT_FURTHER)
    sections += [_part(parts[name], by_part[name]) for name in there]
    return "\n".join(sections)


def _by_part(entries: Mapping[str, Entry]) -> dict[str, list[Entry]]:
    """The runs of each part."""
    by_part: dict[str, list[Entry]] = {}
    for entry in entries.values():
        by_part.setdefault(entry["part"], []).append(entry)
    return by_part


def in_all(entries: Mapping[str, Entry], parts: Mapping[str, Part]) -> str:
    """A section for the page of blends: what blends and encoders have, with every seed that ran."""
    by_part = _by_part(entries)
    columns = {
        "blend-fast": FAST,
        "encoder": "encoder alone",
        "pre-trained encoder": "pretrained-encoder alone",
        "blend": BOTH,
    }
    rows = [["space", "labels", *columns, "runs"]]
    for name in [name for name in parts if name in by_part]:
        lines = _lines(by_line(by_part[name]))
        cells = []
        for column, of_column in columns.items():
            # what `Predictor()` makes there
            line = DRAWN if column == "blend" and name in ONE_WIRING else of_column
            means = [_mean(lines[line], measure) for measure in ("tau", "p1", "p5")]
            cells.append(" / ".join(means))
        rows.append([name, str(by_part[name][0]["n_labels"]), *cells, str(len(by_part[name]))])
    about = (
        "tau / P@1% / P@5% x100, mean (standard deviation) over three splits and as many seeds of"
        " the networks as were run: what [the page on FGP](fgp-adds.md) has of the same splits."
        " Encoders are trained on all labels, on graphs as they compute; where all graphs have one"
        f" wiring ({', '.join(ONE_WIRING)}) the blend has the one that is not pre-trained alone."
    )
    return f"## In all, with every seed\n\n{about}\n\n{markdown(rows)}"


def by_line(entries: Sequence[Entry]) -> list[Entry]:
    """A flat entry for each run and line of the table, as tables of results have them."""
    flat = []
    for entry in entries:
        for line, result in entry["results"].items():
            flat.append({"method": line, "split": entry["split"], "seed": entry["seed"], **result})
    return flat


def _lines(flat: Sequence[Entry]) -> dict[str, list[Entry]]:
    lines: dict[str, list[Entry]] = {}
    for entry in flat:
        lines.setdefault(entry["method"], []).append(entry)
    return lines


def _mean(entries: Sequence[Entry], name: str) -> str:
    values = 100 * np.array([entry[name] for entry in entries if name in entry])
    return f"{values.mean():.1f} ({values.std():.1f})" if len(values) else "-"


def _difference(flat: Sequence[Entry], better: str, worse: str, metric: str) -> tuple[str, str]:
    """The mean difference x100, and its interval over the splits."""
    found = paired(flat, better, worse, metric)
    interval = f"{100 * found.low:+.1f} to {100 * found.high:+.1f}"
    return f"{100 * found.mean:+.1f}", "-" if math.isnan(found.low) else interval


def _part(part: Part, entries: Sequence[Entry]) -> str:
    """The two tables of a part."""
    flat = by_line(entries)
    lines = _lines(flat)
    rows = [["members", "tau", "P@1%", "P@5%", "in 90 %", "runs"]]
    for line, of_line in lines.items():
        cells = [_mean(of_line, name) for name in ("tau", "p1", "p5", "in90")]
        rows.append([line, *cells, str(len(of_line))])
    differences = [["difference", "tau", "95 %", "P@1%", "95 %", "P@5%", "tau better in"]]
    for better, worse in PAIRS:
        if better not in lines or worse not in lines:
            continue
        cells = [*_difference(flat, better, worse, "tau"), *_difference(flat, better, worse, "p1")]
        cells.append(_difference(flat, better, worse, "p5")[0])
        tau = paired(flat, better, worse, "tau")
        differences.append([f"{better} - {worse}", *cells, f"{tau.n_better}/{tau.n_runs} runs"])
    first = entries[0]
    about = (
        f"{part.source}, {part.metric}: {first['n_labels']} labels, {first['n_test']} rows to test"
        " on."
    )
    if part.proxies:
        about += f" Beside the graph stand the ranks of {', '.join(part.proxies)}."
    return f"## {part.title}\n\n{about}\n\n{markdown(rows)}\n{markdown(differences)}"


def _summary(
    title: str,
    metric: str,
    questions: Mapping[str, tuple[str, str]],
    by_part: Mapping[str, Sequence[Entry]],
    parts: Mapping[str, Part],
) -> str:
    """A line for each part: what each thing adds, with its interval; and the mean of all parts."""
    rows = [["space", *questions, "runs"]]
    means: dict[str, list[float]] = {question: [] for question in questions}
    for name in [name for name in parts if name in by_part]:
        flat = by_line(by_part[name])
        methods = {entry["method"] for entry in flat}
        cells = []
        for question, (better, worse) in questions.items():
            if better not in methods or worse not in methods:
                cells.append("-")
                continue
            mean, interval = _difference(flat, better, worse, metric)
            cells.append(f"{mean} ({interval})")
            # each space once in the mean: with proxies one is here twice
            if not parts[name].proxies:
                means[question].append(100 * paired(flat, better, worse, metric).mean)
        rows.append([name, *cells, str(len(by_part[name]))])
    rows.append(["mean, interval over spaces", *map(_over_spaces, means.values()), ""])
    return f"## In all: what is added to {title}\n\n{markdown(rows)}"


def _over_spaces(means: Sequence[float]) -> str:
    """The mean over spaces, with Student's 95 % interval; each space is one number."""
    if not means:
        return "-"
    n = len(means)
    if n == 1:
        return f"{means[0]:+.1f}"
    half = scipy.stats.t.ppf(0.975, n - 1) * np.std(means, ddof=1) / math.sqrt(n)
    mean = np.mean(means)
    return f"{mean:+.1f} ({mean - half:+.1f} to {mean + half:+.1f})"


def _weights(by_part: Mapping[str, Sequence[Entry]], there: Sequence[str]) -> str:
    """How much of the default blend the two encoders are, and how they rank alone."""
    rows = [
        ["space", "weight of encoder", "of pre-trained encoder", "fit s of both", "of the rest"]
    ]
    for name in there:
        weights, seconds = [], []
        for entry in by_part[name]:
            of_both = entry["results"][BOTH]["weights"]
            weights.append([of_both["encoder"], of_both["pretrained-encoder"]])
            of_rest = sum(entry["seconds"][member] for member in of_both) - _of_encoders(entry)
            seconds.append([_of_encoders(entry), of_rest])
        shares, took = np.mean(weights, axis=0), np.mean(seconds, axis=0)
        rows.append([name, *(f"{share:.2f}" for share in shares), *(f"{s:.0f}" for s in took)])
    about = (
        "Mean weights in the blend with both, learnt from labels that no member had seen, and the"
        " seconds of one core that a fit and the predictions of the test rows take."
    )
    return f"## Weights\n\n{about}\n\n{markdown(rows)}"


def _of_encoders(entry: Entry) -> float:
    seconds: dict[str, float] = entry["seconds"]
    return seconds["encoder"] + seconds["pretrained-encoder"]
