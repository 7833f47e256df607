"""PyTorch networks of the architectures of a space: for zero-cost proxies, and to train.

`Space.network` builds them. One file per space, the skeleton of its source on top; `flops` counts
what a network computes.
"""
