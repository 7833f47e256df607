"""The data model: one architecture, a whole space as flat arrays, a batch as tensors."""
