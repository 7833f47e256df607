"""Text that people read on a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines, each column as wide as its widest cell, two spaces between columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def visible(text: str) -> str:
    """A text with what would move a terminal's cursor, or has no character, written as escapes.

    Example:
        >>> print(visible("two\\nlines"))
        two\\nlines
    """
    # a progress bar in the tail of an output holds control characters, a file's name perhaps half
    # a character
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()


def in_one_line(text: str) -> str:
    """A text in one line, with what would move a terminal's cursor or colours written out."""
    return visible(" ".join(text.split()))
