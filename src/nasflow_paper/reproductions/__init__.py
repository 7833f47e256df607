"""The paper's tables and figures, one file each: `nasflow reproduce NAME` measures it here and
writes a page.
"""
