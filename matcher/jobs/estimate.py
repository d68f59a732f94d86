"""How much reviewing a job will make, before it starts: how many candidates people will have to compare."""

from dataclasses import dataclass

SECONDS_A_COMPARISON = 30.0
"""What a careful comparison of two faces is taken to last where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be expected. lists: searches that list anybody; comparisons: candidates on them; hours: at the stated
    rate. Of searches for people who are not in the gallery alone: those who are add their own."""

    searches: int
    list_length: int
    fpir: float | None
    lists: float
    comparisons: float
    seconds_a_comparison: float
    hours: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.fpir is None:
            how = f"{self.searches:,} searches list up to {self.list_length} candidates each"
        else:
            how = (
                f"{self.searches:,} searches at FPIR {self.fpir:g} list up to {self.list_length} strangers in about "
                f"{self.lists:,.0f} of them, beside everybody who is found"
            )
        return (
            f"{how}: at most {self.comparisons:,.0f} comparisons, {self.hours:,.1f} hours at "
            f"{self.seconds_a_comparison:g} seconds each"
        )


def estimate(
    searches: int, list_length: int, fpir: float | None, *, seconds_a_comparison: float = SECONDS_A_COMPARISON
) -> Work:
    """The reviewing work of so many searches: searches x list length x FPIR.

    Without a target every search lists its likeliest few, whoever they are; that is an FPIR of 1.
    """
    lists = searches * (1.0 if fpir is None else fpir)
    comparisons = lists * list_length
    hours = comparisons * seconds_a_comparison / 3600
    return Work(searches, list_length, fpir, lists, comparisons, seconds_a_comparison, hours)
