"""Questions about the flow surrogate that go beyond the paper, one file each: `nasflow reproduce
NAME` answers one.
"""
