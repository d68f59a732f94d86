"""The published schemas: of requests, and of the responses to them."""

from importlib.resources import files

NAMES = ("request", "response")


def schema_text(name: str) -> str:
    """A JSON Schema as it is published. name: one of NAMES."""
    return files(__package__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
