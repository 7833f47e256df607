"""The batch of images that measures look at: scikit-learn's digits, noise, or a file of yours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from nasflow.errors import ConfigError, DataError
from nasflow.proxies.options import ProxyConfig
from nasflow.running.files import load_npz
from nasflow.running.seeding import seeded

Batch = tuple[Tensor, Tensor]


def image_batch(config: ProxyConfig) -> Batch:
    """Images (batch_size, channels, size, size) float32 and labels (batch_size,) int64.

    They are drawn by `config.seed`. `digits` are written digits (8 x 8 grey pixels, enlarged; the
    three channels are equal); `noise` is standard Gaussian with random labels; anything else is an
    .npz with `images` (n, channels, height, width) and `labels` (n,). Digits and a file's images
    are scaled to mean 0 and variance 1.

    Raises:
        MissingDataError, DataError: no such file; images or labels of an illegal shape or value.
        ConfigError: fewer images than a batch; labels beyond `n_classes`.
    """
    with seeded(config.seed, "images"):
        if config.images == "noise":
            images = torch.randn(config.batch_size, 3, config.image_size, config.image_size)
            return images, torch.randint(config.n_classes, (config.batch_size,))
        images, labels = _digits() if config.images == "digits" else _from_file(config.images)
        if len(images) < config.batch_size:
            raise ConfigError(
                f"{config.images} has {len(images)} images; a batch of {config.batch_size} is"
                " asked for"
            )
        if int(labels.max()) >= config.n_classes:
            raise ConfigError(
                f"{config.images} has labels up to {int(labels.max())}; n_classes is "
                f"{config.n_classes}"
            )
        images = (images - images.mean()) / images.std()
        rows = torch.randperm(len(images))[: config.batch_size]
    chosen = interpolate(
        images[rows],
        size=(config.image_size, config.image_size),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    return chosen, labels[rows]


def _digits() -> Batch:
    from sklearn.datasets import load_digits  # half a second to import

    data = load_digits()
    images = torch.from_numpy(data.images).float().unsqueeze(1).expand(-1, 3, -1, -1)
    return images, torch.from_numpy(data.target).long()


def _from_file(path: str) -> Batch:
    if not path.endswith(".npz"):
        raise ConfigError(
            f"images are {path!r}; legal: digits, noise, or an .npz with `images` and `labels`"
        )
    arrays = load_npz(path)
    missing = [name for name in ("images", "labels") if name not in arrays]
    if missing:
        raise DataError(
            f"{path} holds {', '.join(arrays) or 'nothing'}; it needs arrays `images` and `labels`"
        )
    images, labels = arrays["images"], arrays["labels"]
    if images.ndim != 4 or labels.shape != images.shape[:1] or not len(images):
        raise DataError(
            f"{path}: images have shape {images.shape}, labels {labels.shape}; legal: "
            "(n, channels, height, width) and (n,)"
        )
    if not np.issubdtype(labels.dtype, np.integer) or (labels < 0).any():
        raise DataError(
            f"{path}: labels are {labels.dtype}, the least {labels.min()}; legal: whole numbers"
            " from 0"
        )
    if images.dtype.kind not in "fiu":
        raise DataError(f"{path}: images are {images.dtype}; legal: numbers")
    pixels = torch.from_numpy(images.astype(np.float32))
    if not torch.isfinite(pixels).all() or pixels.std() == 0:
        raise DataError(f"{path}: images hold a value that is not finite, or no two different ones")
    return pixels, torch.from_numpy(labels.astype(np.int64))
