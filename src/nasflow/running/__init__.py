"""Files, processes, progress: what long work needs whatever it computes."""
