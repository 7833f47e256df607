"""Results as one HTML file that opens without network: tables, curves, the map of surrogates."""
