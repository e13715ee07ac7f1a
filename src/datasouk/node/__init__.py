"""The ledger node: one that lives in this process, and the way to one that lives elsewhere.

It knows nothing of the marketplace.
"""
