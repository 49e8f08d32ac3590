"""`python -m sim` is the command `beanpeak`.

Python itself looks for `sim` in the working directory first: beside a `sim.py` of your own, use the script.
"""


def main() -> None:
    """As the script `beanpeak`, and nothing of the working directory comes before the libraries."""
    from sim.children.paths import settle

    settle()
    from sim.cli import main

    main()


if __name__ == "__main__":
    main()
