"""How the code is written, as far as a machine can tell; ruff checks the rest."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
FILES = sorted(SOURCE.rglob("*.py"))
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
MAX_LINES = 400
CODE_LINES_PER_COMMENT = 15


def inside(node: ast.AST) -> list[ast.AST]:
    """All nodes below one."""
    return [other for other in ast.walk(node) if other is not node]


def nested_comprehensions(tree: ast.AST) -> list[int]:
    """The lines of comprehensions that hold another, or go over more than two things."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, COMPREHENSIONS):
            holds_another = any(isinstance(other, COMPREHENSIONS) for other in inside(node))
            if holds_another or len(node.generators) > 2:
                lines.append(node.lineno)
    return lines


def comprehensions_in_text(tree: ast.AST) -> list[int]:
    """The lines of f-strings that hold a comprehension."""
    lines = []
    for node in ast.walk(tree):
        holds_one = any(isinstance(other, COMPREHENSIONS) for other in inside(node))
        if isinstance(node, ast.JoinedStr) and holds_one:
            lines.append(node.lineno)
    return lines


def has_state(tree: ast.AST) -> bool:
    """Whether a loop carries a state: a `while`, or a `for` that counts, skips or breaks off."""
    for node in ast.walk(tree):
        if isinstance(node, ast.While):
            return True
        if isinstance(node, ast.For):
            states = (ast.AugAssign, ast.Continue, ast.Break)
            if any(isinstance(other, states) for other in inside(node)):
                return True
    return False


def code_and_comments(text: str) -> tuple[int, int]:
    """The number of lines with code, docstrings apart, and of those with a comment."""
    code: set[int] = set()
    comments: set[int] = set()
    layout = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type in layout:
            starts_statement = starts_statement or token.type == tokenize.NEWLINE
        else:
            is_docstring = token.type == tokenize.STRING and starts_statement
            if not is_docstring:
                code.update(range(token.start[0], token.end[0] + 1))
            starts_statement = False
    return len(code), len(comments)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_reads_from_top_to_bottom(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= MAX_LINES, "more than one idea? split the file"
    assert nested_comprehensions(tree) == [], "unfold: a loop, or a name for the inner one"
    assert comprehensions_in_text(tree) == [], "give the joined text a name"
    if has_state(tree):
        n_code, n_comments = code_and_comments(text)
        # a file of a few lines needs no comment; what a loop keeps from turn to turn wants a why
        assert n_comments >= n_code // CODE_LINES_PER_COMMENT, (
            f"{n_comments} comments, {n_code} lines of code"
        )
