"""Members of a blend: models of labels, each from features of its own."""
