"""Training: exercises with drawn people, graded, from the case to the consulate's answer, apart from everything real.

::

    grades --> exercise (people, photos, papers from a seed) --> pictures (marked, so that no gallery takes them)
                  |        looks (who is how like whom, and in what they differ)
                  v
               course (one officer's way through it, kept in tables of its own) --> outcome, feedback, progress
                  |
               machine (the engine's scores), colleague (the second reviewer), known (measured error rates)

An exercise follows from its grade and seed. It has no row among cases, people, photos or in the audit chain, and no
module outside of this package reads its tables. Its photos carry a mark that every reader of photos refuses.
"""
