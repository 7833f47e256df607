"""A node of an ONNX graph that is being read: its operands and attributes, how to add calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nasflow.importers.calls import Call, Operand, Program, Result, Shape
from nasflow.importers.onnx_files.contents import Contents
from nasflow.importers.vocabulary import plain_name


@dataclass
class Reading:
    """A node that is being read: its operands and attributes, and how to add calls for it."""

    program: Program
    contents: Contents
    node: Any
    name: str
    operands: list[Operand | None]
    """None for one that is left out."""

    @property
    def op(self) -> str:
        """The vocabulary's name of the operator, or a simplified one."""
        return plain_name(self.node.op_type)

    @property
    def input(self) -> Operand:
        """The first operand."""
        return self.given()[0]

    def given(self) -> list[Operand]:
        """The operands that are not left out."""
        return [operand for operand in self.operands if operand is not None]

    def operand(self, place: int) -> Operand | None:
        """The operand at a place, or None."""
        return self.operands[place] if place < len(self.operands) else None

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute: an integer, a tuple of them, a float or a text."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                if attribute.type == attribute.INTS:
                    return tuple(attribute.ints)
                if attribute.type == attribute.FLOAT:
                    return float(attribute.f)
                return attribute.s if attribute.type == attribute.STRING else int(attribute.i)
        return default

    def integers(self, place: int, attribute: str = "") -> tuple[int, ...] | None:
        """Integers that older versions have as an attribute, newer ones as an operand."""
        value = self.attribute(attribute) if attribute else None
        if value is not None:
            return value if isinstance(value, tuple) else (int(value),)
        name = self.node.input[place] if place < len(self.node.input) else ""
        content = self.contents.of(name) if name else None
        if content is None or content.dtype.kind not in "iu":
            return None
        return tuple(int(value) for value in content.reshape(-1))

    def is_given(self, place: int) -> bool:
        """Whether the node has an operand at a place."""
        return place < len(self.node.input) and bool(self.node.input[place])

    def shape(self, output: int = 0) -> Shape:
        """The shape of a result."""
        outputs = self.node.output
        return self.contents.shapes.get(outputs[output]) if output < len(outputs) else None

    def make(self, op: str, *inputs: Operand | None, **parameters: Any) -> Result:
        """A call for this node."""
        call = Call(op, self.name, [value for value in inputs if value is not None], parameters)
        call.shapes = {place: self.shape(place) for place in range(len(self.node.output))}
        self.program.calls.append(call)
        return call.result

    def note(self, key: str) -> str:
        """What the file's exporter noted about the node under a key."""
        notes = getattr(self.node, "metadata_props", ())
        return next((str(entry.value) for entry in notes if entry.key == key), "")

    def parameters(self) -> dict[str, Any]:
        """All attributes, to tell this call from others."""
        return {attribute.name: attribute.SerializeToString() for attribute in self.node.attribute}
