"""The options of the zero-cost proxies: networks and images."""

from __future__ import annotations

from dataclasses import dataclass

from nasflow.options.base import Options


@dataclass(frozen=True)
class ProxyConfig(Options):
    """The untrained networks that zero-cost measures look at, and their images."""

    width: int = 8
    """Channels of the first stage."""
    cells: int = 1
    """Cells in each stage."""
    n_classes: int = 10
    """Number of classes."""
    images: str = "digits"
    """digits, noise, or an .npz with `images` (n, channels, height, width) and `labels` (n,)."""
    image_size: int = 16
    """Height and width that images are brought to."""
    batch_size: int = 32
    """Number of images."""
    seed: int = 0
    """Seed of the weights and of the choice of images; every network starts from the same state."""

    def __post_init__(self) -> None:
        self._size("width", "n_classes", "image_size", "batch_size")
        self._positive_int("cells", high=1000)
        self._seed()
        if self.batch_size < 2:
            raise self._wrong("batch_size", self.batch_size, "at least 2: measures compare images")

    @property
    def summary(self) -> str:
        """The options in a few words."""
        return (
            f"width {self.width}, {self.cells} cells a stage, {self.batch_size} images of"
            f" {self.images} of {self.image_size} x {self.image_size}"
        )
