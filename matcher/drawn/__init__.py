"""Drawn people: faces that belong to nobody, for the demo, the tests and the training cases.

Everything follows from the number of a person and of a photo, so nothing needs to be stored or shipped.

::

    biography --> traits --.
                            >-- picture (head, features, hair, glasses on a canvas; then the camera) --> demo
    shots -----------------'
"""

from matcher.drawn.biography import ENROLLED_ON, biography
from matcher.drawn.demo import DemoSet, people, write_demo
from matcher.drawn.picture import SIZE, draw, photo_bytes

__all__ = ["ENROLLED_ON", "SIZE", "DemoSet", "biography", "draw", "people", "photo_bytes", "write_demo"]
