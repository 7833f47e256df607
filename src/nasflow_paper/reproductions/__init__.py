"""The paper's tables and figures, one file each: `nasflow reproduce NAME` writes a page on it."""
