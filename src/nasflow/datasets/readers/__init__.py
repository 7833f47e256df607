"""Readers of published and of users' own files, one format a file; `registry.py` names them."""
