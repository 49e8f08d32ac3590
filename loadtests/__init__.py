"""The load test: the only package that imports Locust. Empty until the ledger speaks HTTP."""
