from __future__ import annotations

import pytest

from fuzz.commands import GRAMMARS
from fuzz.fuzz_commands import fuzz, prepared
from nasflow.commands.command_line import _parser
from nasflow.commands.registry import all_commands

# what is printed for --print_config is no work, and a cluster takes seconds to start
NOT_TRIED = {"--help", "--print_config", "--ray"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101, 102, 103, 104])
def test_random_commands_end_in_0_or_in_one_line(seed: int) -> None:
    """The short form of `python tests/fuzz/fuzz_commands.py`."""
    with prepared() as files:
        outcomes, failed = fuzz(60, seed=seed, files=files)
    reports = [f"nasflow {one.words}\n{one.failure.report}" for one in failed[:3]]
    assert not failed, "\n\n".join(reports)
    assert sum(outcomes.values()) == 60
    # the commands are neither all right nor all wrong, and most wrong ones are so in their work
    by_outcome = dict.fromkeys(("exit 0", "exit 2", "exit 2 unread"), 0)
    for (_, outcome), n in outcomes.items():
        by_outcome[outcome] += n
    assert 12 < by_outcome["exit 0"] < 48
    assert by_outcome["exit 2 unread"] < 24


@pytest.mark.parametrize("name", all_commands())
def test_every_option_is_tried(name: str) -> None:
    tried: set[str] = set()
    for grammar in GRAMMARS:
        if grammar.name == name:
            tried |= {option.partition("=")[0] for option in (*grammar.options, *grammar.first)}
    parser = _parser(name, all_commands()[name], ["nb201"])
    options = [option for option in parser._option_string_actions if option.startswith("--")]
    # --give-up is another spelling of --give_up
    spelt = {"--" + option.removeprefix("--").replace("-", "_") for option in options}
    assert spelt - tried - NOT_TRIED == set()
