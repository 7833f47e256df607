"""Spaces of one's own with numbers on their nodes: all three kinds, and what may be wrong."""

from __future__ import annotations

import itertools
import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces import Space, load_space
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.custom_sized_dag import CustomSizedDag
from nasflow.spaces.custom_sizes import CustomSizes
from nasflow.spaces.described import described_space

Description = dict[str, Any]

CHAINS: dict[str, Description] = {
    "chain": {
        "ops": ["conv", "pool"],
        "min_nodes": 1,
        "max_nodes": 3,
        "edges": "chain",
        "attributes": {"conv": {"width": {"from": 8, "to": 32, "log2": True}, "kernel": [3, 5]}},
    },
    "words": {
        "ops": ["conv", "skip", "mlp"],
        "n_nodes": 2,
        "edges": "chain",
        "attributes": {"norm": ["none", "batch", "layer"], "conv": {"width": [8, 16]}},
        "globals": {"resolution": {"from": 128, "to": 160, "step": 16}, "lr": [1e-3, "1e-2"]},
    },
    "tied": {
        "ops": ["conv", "mlp"],
        "min_nodes": 1,
        "max_nodes": 2,
        "edges": "chain",
        "shared": {"width": [8, 16, 32]},
        "attributes": {"conv": {"kernel": [1, 3]}},
    },
    "stages": {
        "stages": [
            {
                "ops": ["conv", "mbconv"],
                "repeat": {"from": 1, "to": 3},
                "shared": {"width": [16, 24]},
                "attributes": {"mbconv": {"expansion": [3, 6]}},
            },
            {
                "block": ["attn", ["mlp", "moe"]],
                "repeat": [1, 2],
                "attributes": {"attn": {"heads": [2, 4]}},
            },
        ],
        "shared": {"dropout": [0, 0.1]},
    },
    "gaps": {"stages": [{"ops": ["a"], "repeat": [1, 2, 4], "attributes": {"w": [1, 2]}}]},
    "fixed": {
        "ops": ["a", "b"],
        "n_nodes": 2,
        "n_inputs": 2,
        "edges": [[0, 2], [1, 2], [1, 3], [2, 3], [3, 4]],
        "fixed_edges": True,
        "attributes": {"w": [1, 2, 3], "b": {"k": [0.5, -0.5]}},
    },
    "globals alone": {"ops": ["a", "b"], "n_nodes": 2, "edges": "chain", "globals": {"lr": [1, 2]}},
}
DAGS: dict[str, Description] = {
    "open": {
        "ops": ["conv", "pool"],
        "max_nodes": 2,
        "attributes": {"conv": {"width": [8, 16, 32]}},
        "globals": {"resolution": [128, 160]},
    },
    "positional": {
        "ops": ["conv", "pool"],
        "n_nodes": 2,
        "edges": [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]],
        "attributes": {"width": [8, 16], "conv": {"kernel": [3, 5]}},
    },
    "limited": {"ops": ["a", "b"], "n_nodes": 3, "max_edges": 5, "attributes": {"w": [1, 2]}},
}
ALL = CHAINS | DAGS
EVERY = pytest.mark.parametrize("name", ALL)
EVERY_CHAIN = pytest.mark.parametrize("name", CHAINS)


def chain(name: str) -> CustomSizes:
    space = described_space(CHAINS[name])
    assert isinstance(space, CustomSizes)
    return space


@EVERY_CHAIN
def test_the_number_of_elements_is_that_of_the_list(name: str) -> None:
    space = chain(name)
    table = space.enumerate()
    assert len(table) == space.n_elements == space.size
    texts = [space.format(element) for element in table]
    assert len(set(texts)) == len(texts)
    for i, (element, text) in enumerate(zip(table, texts, strict=True)):
        assert space.parse(text) == element == space.unrank(i)
        assert space.rank(element) == i
        assert space.parse(json.dumps(element.to_dict())) == element


def slow_chain() -> set[Architecture]:
    """The elements of `chain`, written out."""
    kinds: list[tuple[str, float | None, float | None]] = [("pool", None, None)]
    kinds += [("conv", width, kernel) for width in (8, 16, 32) for kernel in (3, 5)]
    elements = set()
    for length in (1, 2, 3):
        for nodes in itertools.product(kinds, repeat=length):
            ops, widths, kernels = zip(*nodes, strict=True)
            attrs = {"width": (None, *widths, None), "kernel": (None, *kernels, None)}
            edges = tuple((v, v + 1) for v in range(length + 1))
            elements.add(Architecture(("input", *ops, "output"), edges, attrs))
    return elements


def test_a_chain_has_the_elements_written_out() -> None:
    assert set(chain("chain").enumerate()) == slow_chain()


def slow_stages() -> list[Architecture]:
    """The elements of `stages`, written out: stages of one to three nodes, of one or two pairs."""
    first, second = [], []
    for width, length in itertools.product((16, 24), (1, 2, 3)):
        kinds = [("conv", width, None), ("mbconv", width, 3), ("mbconv", width, 6)]
        first.extend(itertools.product(kinds, repeat=length))
    for length in (1, 2):
        second.extend(itertools.product(itertools.product((2, 4), ("mlp", "moe")), repeat=length))
    elements = []
    for dropout, nodes, pairs in itertools.product((0, 0.1), first, second):
        rows = [(op, width, expansion, None, 1) for op, width, expansion in nodes]
        for heads, op in pairs:
            rows += [("attn", None, None, heads, 2), (op, None, None, None, 2)]
        ops, *columns = zip(*rows, strict=True)
        names = ("width", "expansion", "heads", "stage")
        attrs = {name: (None, *column, None) for name, column in zip(names, columns, strict=True)}
        attrs["dropout"] = (None, *[dropout] * len(rows), None)
        edges = tuple((v, v + 1) for v in range(len(rows) + 1))
        elements.append(Architecture(("input", *ops, "output"), edges, attrs))
    return elements


def test_stages_have_the_elements_written_out() -> None:
    space = chain("stages")
    expected = slow_stages()
    assert space.n_elements == len(expected)
    listed = {space.format(element) for element in space.enumerate()}
    assert listed == {space.format(element) for element in expected}


@EVERY
def test_samples_are_elements_that_can_be_written_and_read(name: str) -> None:
    space, rng = described_space(ALL[name]), np.random.default_rng(0)
    elements = [space.sample(rng) for _ in range(60)]
    for element in elements:
        space.validate(element)
        assert space.parse(space.format(element)) == element
    table = space.table(elements)
    assert table.vocabulary == space.ops
    assert list(table) == elements


@EVERY
def test_neighbours_are_distinct_elements_and_mutual(name: str) -> None:
    space, rng = described_space(ALL[name]), np.random.default_rng(1)
    for _ in range(4):
        element = space.sample(rng)
        neighbours = list(space.neighbours(element))
        texts = {space.format(neighbour) for neighbour in neighbours}
        assert len(texts) == len(neighbours)
        assert space.format(element) not in texts
        for neighbour in neighbours:
            # nodes may stand in another order then
            back = ArchTable.from_architectures(list(space.neighbours(neighbour)))
            assert element.canonical_id in back.canonical_ids


@EVERY
def test_a_mutation_is_a_neighbour_and_comes_from_the_seed(name: str) -> None:
    space = described_space(ALL[name])
    element = space.sample(np.random.default_rng(2))
    texts = {space.format(neighbour) for neighbour in space.neighbours(element)}
    for seed in range(40):
        child = space.mutate(element, np.random.default_rng(seed))
        assert space.format(child) in texts
        assert child == space.mutate(element, np.random.default_rng(seed))


@EVERY_CHAIN
def test_every_element_can_be_reached(name: str) -> None:
    choices = chain(name).choices
    reached, front = {choices.unrank(0)}, [choices.unrank(0)]
    while front:
        new = [value for value in choices.neighbours(front.pop()) if value not in reached]
        reached.update(new)
        front.extend(new)
    assert len(reached) == choices.n


@pytest.mark.parametrize("name", ["open", "positional"])
def test_every_graph_can_be_reached(name: str) -> None:
    space = described_space(DAGS[name])
    listed = {element.canonical_id for element in space.enumerate()}
    front = [space.sample(np.random.default_rng(0))]
    reached = {front[0].canonical_id}
    while front:
        for neighbour in space.neighbours(front.pop()):
            if neighbour.canonical_id not in reached:
                reached.add(neighbour.canonical_id)
                front.append(neighbour)
    assert reached == listed


@EVERY
def test_a_crossover_is_an_element(name: str) -> None:
    space, rng = described_space(ALL[name]), np.random.default_rng(3)
    assert isinstance(space, CustomSizes | CustomSizedDag)
    for _ in range(30):
        a, b = space.sample(rng), space.sample(rng)
        space.validate(space.crossover(a, b, rng))
        assert space.crossover(a, a, rng) == a


def test_an_open_space_lists_each_class_once() -> None:
    table = described_space(DAGS["open"]).enumerate()
    assert len(set(table.canonical_ids.tolist())) == len(table)
    named = {"ops": ["c8", "c16", "c32", "pool"], "max_nodes": 2}
    # with the numbers in the names, and once for each number of the graph
    assert len(table) == 2 * len(CustomSpace(named).enumerate())


def test_a_list_of_edges_to_choose_from_has_a_number_of_elements() -> None:
    space = described_space(DAGS["positional"])
    assert isinstance(space, CustomSizedDag)
    assert space.n_elements == len(space.enumerate())
    wide = DAGS["positional"] | {"attributes": {"w": {"from": 1, "to": 1000, "step": 1}}}
    larger = described_space(wide)
    assert isinstance(larger, CustomSizedDag)
    edges = {"ops": ["a"], "n_nodes": 2, "edges": DAGS["positional"]["edges"]}
    n_graphs = len(CustomSpace(edges).enumerate())
    assert larger.n_elements == n_graphs * 2000**2
    opened = described_space(DAGS["open"])
    assert isinstance(opened, CustomSizedDag)
    assert opened.n_elements is None


def test_the_notation_is_one_for_people() -> None:
    space = chain("stages")
    text = "dropout=0.1; width=24: conv > mbconv(expansion=6); attn(heads=4) > moe"
    element = space.parse(text)
    assert space.format(element) == text
    assert element.ops == ("input", "conv", "mbconv", "attn", "moe", "output")
    assert element.attrs["width"] == (None, 24, 24, None, None, None)
    assert element.attrs["stage"] == (None, 1, 1, 2, 2, None)
    spaced = "dropout = 0.10 ;width=24:conv>mbconv( expansion = 6.0 );attn(heads=4)>moe"
    assert space.parse(spaced) == element


def test_words_are_numbers_by_their_positions() -> None:
    space = chain("words")
    element = space.parse("resolution=144,lr=0.01; conv(norm=layer,width=8) > skip")
    assert element.attrs["norm"] == (None, 2, None, None)
    assert element.globals == {"resolution": 144, "lr": pytest.approx(0.01)}
    # the notation has the word, and the position is none
    with pytest.raises(GraphError, match="norm of node 1 of stage 1, conv is '2'; legal: none, ba"):
        space.parse("resolution=144,lr=0.01; conv(norm=2,width=8) > skip")


def test_a_large_space_has_numbers_for_all_its_elements() -> None:
    space = described_space(
        {
            "ops": ["conv", "pool"],
            "min_nodes": 2,
            "max_nodes": 30,
            "edges": "chain",
            "attributes": {"width": {"from": 16, "to": 512, "step": 16}, "conv": {"k": [1, 3, 5]}},
        }
    )
    assert isinstance(space, CustomSizes)
    assert space.n_elements == sum((32 * 3 + 32) ** n for n in range(2, 31))
    assert space.size is None
    with pytest.raises(GraphError, match=r"draw with sample\(\)"):
        space.enumerate()
    for index in (0, 10**9, 10**40, space.n_elements - 1):
        element = space.unrank(index)
        assert space.rank(element) == index
        assert space.parse(space.format(element)) == element


def test_a_step_goes_to_the_next_number_alone() -> None:
    space = chain("chain")
    near = {
        space.format(other) for other in space.neighbours(space.parse("conv(width=8,kernel=3)"))
    }
    assert {text for text in near if ">" not in text} == {
        "pool",
        "conv(width=16,kernel=3)",
        "conv(width=8,kernel=5)",
    }


def test_another_operation_keeps_the_number_that_both_have() -> None:
    space = described_space(DAGS["positional"])
    texts = {"ops": ["input", "conv", "pool", "output"], "edges": [[0, 1], [1, 2], [2, 3]]}
    attrs = {"width": [None, 16, 8, None], "kernel": [None, 3, None, None]}
    element = space.parse(json.dumps(texts | {"attrs": attrs}))
    for other in space.neighbours(element):
        if other.ops == ("input", "pool", "pool", "output"):
            assert other.attrs["width"] == (None, 16, 8, None)
            break
    else:
        pytest.fail("no neighbour has pool at node 1")


GOOD: Description = {"ops": ["conv", "pool"], "n_nodes": 2, "edges": "chain"}
STAGE: Description = {"ops": ["conv", "pool"]}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (GOOD | {"attributes": [1]}, r"attributes is \[1\]; legal: names with values"),
        (GOOD | {"attributes": {"width": 3}}, "attributes.width is 3; legal: a list"),
        (GOOD | {"attributes": {"width": []}}, r"attributes.width is \[\]"),
        (GOOD | {"attributes": {"width": [1, 1]}}, "attributes.width has 1 twice as a 32-bit"),
        (
            GOOD | {"attributes": {"w": [16777216, 16777217]}},
            "has 16777216 twice as a 32-bit float",
        ),
        (GOOD | {"attributes": {"width": [1e300]}}, "beyond 3.4e38"),
        (GOOD | {"attributes": {"width": [10**400]}}, "has the value 1000"),
        (GOOD | {"attributes": {"w": {"from": 1, "to": 10**400, "step": 1}}}, "to is 1000"),
        (GOOD | {"attributes": {"width": [1, float("inf")]}}, "has the value inf"),
        (GOOD | {"attributes": {"norm": [True, False]}}, "has the value True.*in quotes"),
        (GOOD | {"attributes": {"norm": ["a", 3]}}, "has the value 'a'"),
        (GOOD | {"attributes": {"norm": ["a", "a"]}}, "has a word twice"),
        (GOOD | {"attributes": {"norm": ["a b"]}}, "has the word 'a b'; legal: letters"),
        (GOOD | {"attributes": {"a;b": [1]}}, "has the name 'a;b'"),
        (GOOD | {"attributes": {3: [1]}}, "attributes has the name 3"),
        (GOOD | {"attributes": {"cnov": {"k": [1]}}}, "operation 'cnov', which is not among"),
        (GOOD | {"attributes": {"k": [1], "conv": {"k": [2]}}}, "gives 'k' a second time"),
        (GOOD | {"attributes": {"w": {"from": 1, "to": 5}}}, "one of step, log2 and log10"),
        (
            GOOD | {"attributes": {"w": {"from": 1, "to": 5, "step": 1, "log2": True}}},
            "one of step, log2 and log10",
        ),
        (GOOD | {"attributes": {"w": {"from": 1, "to": 5, "step": 0}}}, "by a positive step"),
        (GOOD | {"attributes": {"w": {"from": 5, "to": 1, "step": 1}}}, "upwards"),
        (GOOD | {"attributes": {"w": {"from": 1, "to": 6, "step": 2}}}, "does not meet 6.*to: 5"),
        (GOOD | {"attributes": {"w": {"from": 0, "to": 4, "log2": True}}}, "from a positive"),
        (GOOD | {"attributes": {"w": {"from": 1, "to": 4, "log2": "yes"}}}, "with log2: true"),
        (GOOD | {"attributes": {"w": {"from": "x", "to": 4, "step": 1}}}, "from is 'x'"),
        (GOOD | {"attributes": {"w": {"from": 0, "to": 1e9, "step": 1}}}, "a larger step"),
        (GOOD | {"globals": [1]}, "globals is"),
        (
            GOOD | {"globals": {"lr": [1]}, "shared": {"lr": [1]}},
            "'lr' is in globals and in shared",
        ),
        (GOOD | {"shared": {"w": [1]}, "attributes": {"w": [1]}}, "'w' is shared, and conv"),
        (GOOD | {"ops": ["conv", "skip"], "shared": {"w": [1]}}, "every node may be skip or none"),
        (GOOD | {"ops": ["conv", "skip"], "attributes": {"skip": {"w": [1]}}}, "gives 'skip' num"),
        (GOOD | {"ops": ["a>b"], "attributes": {}}, "has the operation 'a>b'"),
        (GOOD | {"ops": ["input1"], "attributes": {}}, "has the name of an end"),
        (GOOD | {"attributes": {}, "features": {"w": [1]}}, "features and attributes are both"),
        (GOOD | {"attributes": {}, "opps": 3}, "did you mean 'ops'"),
        (GOOD | {"attributes": {}, "max_edges": 3, "edges": "chain"}, "max_edges"),
        (
            {"ops": ["a"], "max_nodes": 2, "min_nodes": 0, "edges": "chain", "attributes": {}},
            "min_n",
        ),
        ({"ops": ["a"], "n_nodes": 2, "shared": {"w": [1]}}, "shared goes with a chain"),
        ({"stages": []}, r"stages is \[\]; legal"),
        ({"stages": [3]}, r"stages\[1\] is 3; legal"),
        ({"stages": [{}]}, r"stages\[1\]: give either ops .* or block"),
        ({"stages": [STAGE | {"repaet": 3}]}, "did you mean 'repeat'"),
        ({"stages": [STAGE], "n_nodes": 3}, "space with stages.*n_nodes"),
        ({"stages": [STAGE | {"repeat": 0}]}, r"stages\[1\]\.repeat is .*whole numbers from 1"),
        ({"stages": [STAGE | {"repeat": [1.5]}]}, "whole numbers from 1"),
        ({"stages": [STAGE | {"repeat": "two"}]}, r"stages\[1\]\.repeat is 'two'"),
        ({"stages": [{"block": []}]}, r"block is \[\]"),
        ({"stages": [{"block": [3]}]}, r"block\[1\] is 3"),
        ({"stages": [STAGE | {"shared": {"w": [1]}}], "shared": {"w": [1]}}, "'w' a second time"),
        (
            {"stages": [STAGE, STAGE], "attributes": {"stage": [1]}},
            "a number has the name 'stage'",
        ),
        (
            {"stages": [STAGE | {"attributes": {"k": [1]}}], "attributes": {"k": [2]}},
            "gives 'k' a second time",
        ),
    ],
)
def test_a_description_that_is_not_legal_says_what_is(
    description: Description, message: str
) -> None:
    with pytest.raises((ConfigError, LookupError), match=message):
        described_space(description)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stages", "width=24: conv; attn(heads=4) > moe", "has 2 parts with ;.*legal: 3: dropout"),
        ("stages", "dropout=0; conv; attn(heads=4) > moe", "legal: with width before a colon"),
        ("stages", "dropout=0; width=20: conv; attn(heads=4) > moe", "width of stage 1 is '20'"),
        ("stages", "dropout=0; width=24: attn; attn(heads=4) > moe", "node 1 of stage 1 has oper"),
        ("stages", "dropout=0; width=24: conv; attn(heads=4)", "stage 2 has 1 nodes; legal: 2, 4"),
        (
            "stages",
            "dropout=0; width=24: conv > mbconv; attn > moe",
            "lacks expansion; legal: 3, 6",
        ),
        ("stages", "dropout=0; width=24: conv(k=3); attn(heads=2) > moe", "'k' which it does not"),
        ("chain", "conv(width=8,width=8,kernel=3)", "'width' twice"),
        ("chain", "conv(width=8,kernel=3", "brackets that close"),
        ("chain", "x=3: pool", "with no colon"),
        ("chain", "pool > pool > pool > pool", "has 4 nodes; legal: 1, 2, 3"),
        ("chain", "", "operation ''"),
        ("chain", "{", "is no JSON"),
        ("chain", '{"ops": ["input", "conv", "output"], "edges": [[0, 1], [1, 2]]}', "no element"),
        ("open", "[]", "is no object"),
        (
            "open",
            '{"ops": ["input", "x", "output"], "edges": [[0, 1], [1, 2]]}',
            "operation 'x' at",
        ),
        (
            "open",
            '{"ops": ["input", "conv", "output"], "edges": [[0, 1], [1, 2]], "attrs": {"width":'
            ' [null, 9, null]}, "globals": {"resolution": 128}}',
            r"width of node 1 \(conv\) is 9.0; legal: 8, 16, 32",
        ),
        (
            "open",
            '{"ops": ["input", "pool", "output"], "edges": [[0, 1], [1, 2]], "attrs": {"width":'
            ' [null, 8, null]}, "globals": {"resolution": 128}}',
            "numbers that are not of this space",
        ),
        (
            "open",
            '{"ops": ["input", "pool", "output"], "edges": [[0, 1], [1, 2]]}',
            "resolution of the graph is None; legal: 128, 160",
        ),
        (
            "open",
            '{"ops": ["input", "pool", "output"], "edges": [[0, 1]], "globals": {"resolution":'
            " 128}}",
            "is on no path",
        ),
    ],
)
def test_text_of_no_element_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        described_space(ALL[name]).parse(text)


def test_files_describe_all_kinds(tmp_path: Path) -> None:
    kinds: dict[str, type[Space]] = {"chain": CustomSizes, "open": CustomSizedDag}
    for name, kind in kinds.items():
        path = tmp_path / "space.yaml"
        path.write_text(json.dumps(ALL[name]))
        space = load_space(str(path))
        assert isinstance(space, kind)
        assert space.ops == described_space(ALL[name]).ops
    path.write_text("ops: [a]\nn_nodes: 2\nedges: chain\nattributes: {w: {from: 1, to: 2}}\n")
    with pytest.raises(ConfigError, match=r"space\.yaml: attributes\.w is .*one of step"):
        load_space(str(path))


def test_descriptions_without_numbers_are_what_they_were() -> None:
    for description in ({"ops": ["a", "b"], "n_nodes": 2}, GOOD | {"features": {"w": [1, 2]}}):
        space = described_space(description)
        assert type(space) is CustomSpace
        assert space.ops == CustomSpace(description).ops


def test_a_node_with_very_many_choices_is_drawn_and_changed() -> None:
    many = {"from": 1, "to": 10_000, "step": 1}
    space = described_space(
        {"ops": ["a", "b"], "max_nodes": 5, "attributes": {"w": many, "v": many}}
    )
    rng = np.random.default_rng(0)
    element = space.sample(rng)
    for _ in range(50):
        element = space.mutate(element, rng)
        space.validate(element)
    with pytest.raises(GraphError, match="a node of custom has 200,000,000 choices"):
        space.enumerate()


@EVERY
def test_a_space_goes_to_another_process_and_back(name: str) -> None:
    space = described_space(ALL[name])
    element = space.sample(np.random.default_rng(0))
    again = pickle.loads(pickle.dumps(space))
    assert again.format(element) == space.format(element)
    texts = [one.format(one.mutate(element, np.random.default_rng(1))) for one in (space, again)]
    assert texts[0] == texts[1]


def test_no_search_of_the_old_kind_reads_the_new_keys() -> None:
    with pytest.raises((ConfigError, LookupError), match=re.escape("'attributes'")):
        CustomSpace(GOOD | {"attributes": {}})


PAGE = (Path(__file__).parents[2] / "docs" / "spaces" / "custom.md").read_text()
SECTION = PAGE[PAGE.index("## Numbers on nodes") :]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def test_the_page_prints_what_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sizes.yaml").write_text(blocks("yaml")[0])
    exec(compile(blocks("python")[0], "docs/spaces/custom.md", "exec"), {})
    assert capsys.readouterr().out == blocks("text")[0]


def test_the_stages_of_the_page_have_the_notation_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "stages.yaml"
    path.write_text(blocks("yaml")[1])
    space = load_space(str(path))
    (text,) = re.findall(r"An element of it is written `(.*?)`", SECTION)
    assert space.format(space.parse(text)) == text
