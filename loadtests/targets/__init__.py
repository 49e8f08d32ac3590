"""Ledgers that can be loaded, one adapter a file. Copy one for a system of your own."""
