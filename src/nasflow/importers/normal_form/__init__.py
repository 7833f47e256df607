"""The one form in which a network comes out, whatever it was read from.

Each rule rewrites a `Program` in place. Together they undo what exporters do to a network: write
layers out, merge changes of layout, join what is computed twice, leave out what changes nothing.
A rule holds for all sources alike, so it can make a name coarser, but never make two sources of
one network differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from nasflow.importers.calls import Call, Program, reached
from nasflow.importers.normal_form import arithmetic, layers, layout, slices
from nasflow.importers.normal_form.activations import activations
from nasflow.importers.normal_form.attention import attention
from nasflow.importers.normal_form.duplicates import without_duplicates
from nasflow.importers.normal_form.norms import norms
from nasflow.importers.normal_form.recurrent import recurrent_layouts

# The order counts: what is written out is recognised before changes of layout are merged, which
# hides their parts, and after numbers have their one form.
_RULES: tuple[Callable[[Program], None], ...] = (
    without_duplicates,
    arithmetic.without_neutral_numbers,
    arithmetic.squares,
    arithmetic.reciprocals,
    arithmetic.limits,
    slices.positions,
    layout.without_changes,
    slices.selections,
    slices.rolls,
    slices.splits,
    layout.single_parts,
    layout.stacks,
    layout.repetitions,
    layout.gathered_axes,
    activations,
    norms,
    layers.unfolds,
    recurrent_layouts,
    layers.products_with_weights,
    layers.biases,
    layers.choices,
    attention,
    layout.in_one,
    layout.without_changes,
    layers.global_pools,
    layers.padded_convolutions,
    layout.flattened,
    without_duplicates,
)


def normalise(program: Program, passing: Collection[Call] = ()) -> None:
    """Rewrite a program until nothing tells what it was read from.

    Args:
        program: what was read.
        passing: calls that go unless something reads them.
    """
    # what nothing read from the start stays, to be checked with the rest
    unread = {call for call in program.calls if call not in passing} - program.live()
    for rule in _RULES:
        rule(program)
    program.keep(reached(program.outputs, unread))
