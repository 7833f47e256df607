"""`exports`: the public names of a package, each imported from its module when first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any


def exports(
    package: str, **names: Sequence[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package.

    Args:
        package: its `__name__`.
        names: the public names by the module of the package that has them; `__` stands for a dot.

    Example:
        >>> get, listed, public = exports("nasflow.graphs", names=["SKIP_OP"])
        >>> public, get("SKIP_OP")
        (['SKIP_OP'], 'skip')
    """
    module_of = {}
    for module, public in names.items():
        for name in public:
            module_of[name] = f"{package}.{module.replace('__', '.')}"
    public_names = sorted(module_of)

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(module_of[name]), name)

    return get, lambda: list(public_names), public_names
