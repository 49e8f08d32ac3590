"""Rows in, pictures out: the results folder, the catalogue of metrics, summaries and figures."""
