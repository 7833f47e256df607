"""NAS-Bench-201's `NAS-Bench-201-v1_1-096897.pth`, in either of torch's containers, without torch.

Like NATS-Bench's one file (`nats.py`), with the trainings named "full" (200 epochs) and "less"
(12).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from nasflow.datasets.base import Metric
from nasflow.datasets.readers.base import Progress, Reader, Rejected, Row
from nasflow.datasets.readers.nats import Nats
from nasflow.datasets.readers.nats_trials import PREFERRED, metric, shrink
from nasflow.datasets.torch_files import load_torch

_EPOCHS = {"full": "200", "less": "12"}


class NB201Pth(Reader):
    """One row per architecture, in the file's order; a row's number is its official index."""

    format: ClassVar[str] = "nb201-pth"
    preferred = PREFERRED
    file_order_is_random = True

    def rows(self, progress: Progress) -> Iterator[Row | Rejected]:
        """See `Reader.rows`."""
        n_dictionaries = 0

        def on_items(items: dict[Any, Any]) -> None:
            nonlocal n_dictionaries
            n_dictionaries += 1
            # while the file is read: afterwards its epochs would fill the memory
            shrink(items)
            if n_dictionaries % 1000 == 0:
                progress(n_dictionaries, 0)  # how many there will be is not known

        reader = Nats(self.path)
        yield from reader.whole(load_torch(self.path, on_items=on_items), _EPOCHS)
        self.space, self.vocabulary = reader.space, reader.vocabulary

    def metric(self, name: str) -> Metric:
        """See `Reader.metric`."""
        return metric(name)
