"""Photos as browsers can show them."""

from matcher.pictures import LONGEST, jpeg_view

__all__ = ["LONGEST", "jpeg_view"]
