"""Known quantities as a command line gives them: functions by name, and directions of its own."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nasflow.datasets.base import Dataset
from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.search.known import Known
from nasflow.search.training import load_function


class CostFunction:
    """`file.py:function` or `module:function`, from an architecture to a number.

    Raises:
        ConfigError: it cannot be imported.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._function: Any = load_function(name)

    def __call__(self, architecture: Architecture) -> float:
        """The quantity of an architecture; NaN stands for not known.

        Raises:
            ConfigError: the function raised, or returned no number.
        """
        try:
            value = self._function(architecture)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{Path(frame.filename).name}, line {frame.lineno}"
            fault = f"raised {type(error).__name__}: {error} ({line})"
            raise self._error(fault, architecture) from None
        # float() would read texts too; a truth value is the user's 0 or 1
        if isinstance(value, (str, bytes)) or value is None:
            raise self._error(f"returned {value!r}, no number", architecture)
        try:
            return float(value)
        except Exception:  # whatever the class of the value raises
            raise self._error(f"returned {type(value).__name__}, no number", architecture) from None

    def _error(self, fault: str, architecture: Architecture) -> ConfigError:
        return ConfigError(
            f"{self.name} {fault}, of the architecture {list(architecture.ops)}; it must return a"
            " number for every architecture of the space (nan where it is not known)"
        )


class Quantities(Known):
    """Known quantities, with those of which the user says that more is better.

    Args:
        dataset: its metrics that took no training are quantities, in the direction that it says.
        functions: names of functions, of which less is better.
        maximised: names of quantities of which more is better, whatever else says.
    """

    def __init__(
        self,
        dataset: Dataset | None,
        functions: Iterable[str],
        maximised: Iterable[str] = (),
    ) -> None:
        super().__init__(dataset, {name: CostFunction(name) for name in functions})
        self._maximised = set(maximised)

    def maximise(self, name: str) -> bool:
        """Whether more of a quantity is better."""
        return name in self._maximised or super().maximise(name)
