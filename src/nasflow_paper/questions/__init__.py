"""Questions about the flow surrogate beyond the paper: `nasflow reproduce NAME` answers one."""
