"""Child processes: the one place from which they are started, what they know, and how they end.

starting     a child, its command, its end
environment  what of the caller's environment it may see
paths        what it can import: our own packages, the libraries, and only then what lies about
folders      temporary folders that are gone even when their maker was killed
leash        what a Python child begins with: it ends when its parent does
janitor      who takes folders away when everybody else is gone

This file imports nothing, so that a child begins quickly.
"""
