"""What the arguments of random commands may be: words that make sense there, and odd ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def words(text: str) -> list[str]:
    """The words of a text, which are apart by blanks."""
    return text.split()


# anywhere: empty, blank, punctuation, numbers that are none, bytes that are no text, markup, YAML
ODD = (
    *("", " ", "\n", "\t", "'", '"', "[1,2", "{a: b}", "$(x)", "&a [*a]", "\udcff", "é" * 400),
    *words("- -- 0 null true [] {} nan inf 1e999 -1 🙂 a,b,,c , a+b + : a:b:c .. %s {0} {arch}"),
    *words("[b] ~ * # !!python/object:os.system"),
)
ODD_NUMBERS = (
    *words("-1 0 1 2 0.5 1.0 1.5 1e308 -1e308 1e-320 1e999 nan inf -inf -0.0 0x2 1_0 ٣"),
    *("", "x", "true", "null", "[]", "[1]", "{}", "'1'", "1,2", "1 2"),
)
# for numbers that the work does not grow with
HUGE = ("9223372036854775808", "-9223372036854775809", "1" + "0" * 40, "9" * 400)
WIDTHS = ("1" + "0" * 12, "1" + "0" * 40)

# with labels, so that a model can learn from them
TABLES = (
    *words("own.jsonl own.csv own.npz ./own.npz own.jsonl.gz own.npz+proxies.npz less.csv"),
    *words("own.jsonl+proxies.npz bom.jsonl crlf.csv [bold]x.jsonl markup.jsonl"),
    *("naïve ünï.jsonl", "two\nlines.jsonl"),
)
ODD_TABLES = (
    *words("same.jsonl constant.jsonl one.jsonl few.jsonl unlabelled.jsonl bare.npz halves.jsonl"),
    *words("none.npz unmeasured.npz huge.jsonl infinite.jsonl utf16.jsonl deep.jsonl header.csv"),
    *words("empty.jsonl empty.csv empty.npz empty.jsonl.gz cut.jsonl cut.jsonl.gz cut.npz"),
    *words("garbage.npz garbage.csv foreign.npz folder.jsonl folder.npz folder missing.jsonl"),
    *words("missing/own.npz own.jsonl/ own.npz/ own.npz+ +own.npz + own.npz+missing.npz"),
    *words("own.npz+cut.npz own.npz+own.npz own.npz+proxies.npz+proxies.npz proxies.npz"),
    *words("-dash.jsonl space.yaml study.db fitted.safetensors nb201 nb101 nb202 NB201"),
)
MODELS = ("fitted.safetensors", "pretrained.safetensors")
ODD_MODELS = (
    *words("cut.safetensors garbage.safetensors empty.safetensors missing.safetensors folder"),
    *words("own.npz own.jsonl encoder.py v1-predictor-gin.safetensors v1-pretraining.safetensors"),
    *words("v1-predictor-mlp.safetensors v1-predictor-transformer.safetensors"),
)
ODD_STUDIES = (
    *words("garbage.db empty.db folder.db folder own.npz own.jsonl missing/study.db nosuffix"),
    *words("v1-study-random.db v1-study-fgp.db fitted.safetensors space.yaml/study.db"),
)
RESULTS = ("evaluated", "bare-results", "damaged-results", "pages")
ODD_RESULTS = words("folder own.jsonl missing evaluated/manifest.json . .. evaluated/..")
PAGES = ("pooling", "pooling: ResGatedGCN, nb201")
ODD_PAGES = ("other", "poolin", "pooling: ", "pooling: x", ": ", "../pages", *ODD)
CONFIGS = ("good.yaml",)
ODD_CONFIGS = (
    *words("empty.yaml comment.yaml seed.yaml unknown.yaml syntax.yaml list.yaml text.yaml"),
    *words("itself.yaml tag.yaml nested.yaml garbage.yaml missing.yaml folder own.jsonl"),
    *ODD,
)
ODD_OUTS = (
    *words("own.jsonl folder folder/a/b/c own.npz/x missing/x.npz . .. /proc/x.npz x.txt x.csv"),
    *("[b]x.npz", "two\nlines.npz", "n" * 300, "nosuffix", "x.npz/", *ODD),
)
METRICS = ("[/b]<b>", "Accuracy", "acc", "size", "accuracy,latency", "x" * 5000, *ODD)
ENCODERS = ("gin", "mlp", "digcn", "resgatedgcn", "encoder.py:Own")
ODD_ENCODERS = (
    *words("flowerformer transformer dagnn GIN encoder.py:Odd encoder.py:NoEncoder"),
    *("encoder.py:Missing", "os:path", *ODD),
)
PRETEXTS = ("flow", "gmae", "graphcl", "arch2vec", "none", "flow+gmae")
ODD_PRETEXTS = (
    *words("vectors proxy flow+flow flow+none gp flwo flow+ +flow encoder.py:Odd"),
    *ODD,
)
STRATEGIES = ("random", "fgp", "evolution", "local-search", "gp-onehot", "npenas")
TRAINS = ("train.py:worth", "echo {number}")
ODD_TRAINS = (
    *(
        "echo 0.5",
        "echo 0.5 {number}",
        "true {arch}",
        "false {arch}",
        "missing-program {arch}",
        "echo {arch} | cat",
    ),
    *("FOO=1 true {arch}", "cd x && true {arch}", "echo {nothing}"),
    *words("broken.py:worth train.py:missing train.py: missing.py:worth"),
    *ODD,
)


@dataclass(frozen=True)
class Values:
    """What one argument may be."""

    legal: Sequence[str]
    odd: Sequence[str] = ODD
    n_words: int = 1
    """How many words of this kind the argument takes; a flag takes none."""


FLAG = Values(("",), ("",), n_words=0)

NUMBERS = Values(("1", "2", "3"), (*ODD_NUMBERS, *HUGE))
NO_NUMBER = Values(("0",), ("-1", "x", ""))
WORK = Values(("1", "2"), ODD_NUMBERS)
"""Numbers that the work grows with: none of them is large."""
WIDTH = Values(("2", "4", "8"), (*ODD_NUMBERS, *WIDTHS))
SHARES = Values(("0.25", "0.5"), (*ODD_NUMBERS, *HUGE))
BATCH = Values(("4", "16"), (*ODD_NUMBERS, *HUGE))
SEEDS = Values(("[1]", "[1,2]"), ("1", "[1,1]", "[1.5]", "[-1]", "[x]", "[[1]]", *HUGE, *ODD))
METRIC = Values(("accuracy", "latency"), METRICS)
TABLE = Values(TABLES, (*ODD_TABLES, *ODD))
MODEL = Values(MODELS, (*ODD_MODELS, *ODD))
DEVICE = Values(("cpu",), ("cuda", "cuda:99", "meta", "mps", "tpu", "cpu:3", *ODD))
CONFIG = Values(CONFIGS, ODD_CONFIGS)
METHOD = Values(("fgp", "blend"), ("blnd", "gp", *ODD))
YES = Values(("true", "false"), ODD_NUMBERS)
GROUP = Values(("{}",), ("{k: 2}", "{width: 4}", "{x: 1}", "space.yaml", "good.yaml", *ODD))
"""All options of a stage at once."""
GROUPS = Values(("counts", "paths,one-hot", "flow"), ("flwo", "counts,counts", "proxies", *ODD))
TRIALS = Values(("0", "1", "2"), ("3", "0,1", "0,0", "-1", "1.0", *HUGE, *ODD))
OUT = Values(("x", "found"), ODD_OUTS)
OUT_NPZ = Values(("x.npz", "own.npz"), ODD_OUTS)
ROW_FILES = Values(("x.csv", "x.npz", "x.npy", "x.parquet"), (*ODD_OUTS, "x.txt", "x"))
# more of them take seconds to start
ONE_JOB = Values(("1",), ("0", "-1", "x", "", "nan"))
OUT_MODEL = Values(("x.safetensors", "pretrained.safetensors"), ODD_OUTS)
