"""The re-run for a million events: everything as numbers, compiled. `loadtests.rerun` is its slow, obvious twin."""
