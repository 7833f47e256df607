"""`SourceStamp`: whether the files of a source are those that they were at an earlier time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from nasflow.datasets.registry import source_and_proxies
from nasflow.errors import DataError
from nasflow.running.files import stamp

Stamp = list[int] | None


@dataclass(frozen=True)
class SourceStamp:
    """Size and time of change of the files of a source, as for `open_dataset`."""

    source: str
    files: list[Stamp]
    """Of SOURCE+PROXIES.npz both; None for what is no file, such as a registered name."""

    @classmethod
    def of(cls, source: str) -> Self:
        """What the files are now."""
        return cls(source, _stamps(source))

    def check(self) -> None:
        """Return if the files are what they were.

        Raises:
            DataError: one is another, and so what came of its parts belongs to two files.
        """
        if _stamps(self.source) != self.files:
            raise DataError(
                f"{self.source} was changed or replaced while it was read; read it again when"
                " nothing writes to it"
            )


def _stamps(source: str) -> list[Stamp]:
    base, proxies = source_and_proxies(source)
    return [stamp(source)] if proxies is None else [*_stamps(base), stamp(proxies)]
