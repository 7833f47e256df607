"""The paper's tables and figures measured again, and the questions that it leaves.

It is built on nasflow, which needs none of it.
"""
