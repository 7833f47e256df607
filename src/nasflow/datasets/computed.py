"""The proxy tables that nasflow brings along, for data sets without published ones.

They lie beside this file as `computed/NAME.npz`, each with the command that made it inside
(`ProxyTable.about`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.locate import cached
from nasflow.datasets.proxy_table import ProxyTable

FOLDER = Path(__file__).parent / "computed"


def cached_with_computed(
    name: str, version: int, sources: Sequence[Path], build: Callable[[], Dataset]
) -> Dataset:
    """As `locate.cached`, with the columns of the table that nasflow brings along for `name`.

    Rows of the user's file that the table does not know have NaN.
    """
    table = FOLDER / f"{name}.npz"

    def joined() -> Dataset:
        return ProxyTable.load(table).join(build(), must_match=False)

    return cached(name, version, [*sources, table], joined)
