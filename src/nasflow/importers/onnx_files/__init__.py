"""ONNX graphs as programs of calls."""
