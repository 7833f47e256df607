"""PyTorch's graphs, traced or exported, as programs of calls."""
