"""Pages for people: what they are rendered with, in which language, and what every one of them has."""
