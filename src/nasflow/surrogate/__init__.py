"""The flow surrogate: its definition is on the page of `flow.py`."""

from nasflow.surrogate.activations import ACTIVATIONS
from nasflow.surrogate.flow import CHUNK, FlowSurrogate, standardised

__all__ = ["ACTIVATIONS", "CHUNK", "FlowSurrogate", "standardised"]
