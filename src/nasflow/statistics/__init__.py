"""Arrays in, numbers out: losses, metrics, splits."""
