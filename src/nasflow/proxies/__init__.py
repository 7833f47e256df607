"""Zero-cost proxies: what an untrained network tells about how good it would become."""
