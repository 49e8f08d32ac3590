"""Command line."""


def main() -> None:
    """Placeholder."""
