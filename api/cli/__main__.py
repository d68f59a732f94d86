"""The program's way in: ``matcher``, or ``python -m api.cli`` without an installed script."""


def run() -> None:
    """Run the command line and exit."""
    from matcher.large_pages import from_the_start

    from_the_start()
    # Not at the top: worker processes import this module again, and none of them needs the commands.
    from api.cli.main import run as run_commands

    run_commands()


if __name__ == "__main__":
    run()
