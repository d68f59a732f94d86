"""``python -m api.cli``: the same as ``matcher``, without an installed script."""

from api.cli.main import run

if __name__ == "__main__":
    run()
