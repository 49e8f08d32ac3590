"""`make baseline`: pin the present numbers."""

from tests.baselines import FILE, refresh

refresh()
print(f"pinned in tests/baselines/{FILE.name}; say in CHANGELOG.md why results moved")
