"""The `vestibule` command."""

from broker.cli import prepared


def main() -> None:
    prepared.load()()


if __name__ == "__main__":
    main()
