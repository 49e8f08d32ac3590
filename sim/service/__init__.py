"""The charity over HTTP, on top of the ledger: requests become commands, answers become HTTP.

`operations.py` is the one table from which routes, batches, OpenAPI and the authorisation matrix are made.
"""
