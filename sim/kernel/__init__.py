"""The kernel: what is compiled. A user's life between two barriers, beginning with `playing.py`."""
