"""What goes over the wire of a photo's quality, and what every model of the wire has in common."""

from pydantic import BaseModel, ConfigDict, Field

from matcher.quality import Quality


class Wire(BaseModel):
    """Frozen; an unknown name is an error, so that a slip in a client is told and not swallowed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ComponentOut(Wire):
    """One measurement of a photo."""

    value: float = Field(description="as measured, in `unit`")
    unit: str
    score: float = Field(description="0, the worst, to 100")


class ReasonOut(Wire):
    """What is wrong with a photo, and what to do about it."""

    code: str = Field(description="the component, for programs")
    text: str
    advice: str


class QualityOut(Wire):
    """How fit a photo is to search with."""

    overall: float = Field(description="0 to 100; rises with the chance that the person is found, if there")
    verdict: str = Field(description="good, poor (searched, with a warning) or unfit (refused unless asked for anyway)")
    reasons: tuple[ReasonOut, ...] = Field(description="the worst first; empty where there is nothing to complain of")
    components: dict[str, ComponentOut] = Field(description="every measure, after ISO/IEC 29794-5")


class PoorPhotoOut(Wire):
    """A photo that was taken as a reference although its quality is not good; a better one should be captured."""

    photo: str = Field(description="its name as given, else its position, from 1")
    quality: QualityOut


def quality_out(quality: Quality) -> QualityOut:
    return QualityOut(
        overall=round(quality.score, 1),
        verdict=quality.verdict.value,
        reasons=tuple(
            ReasonOut(code=reason.code.value, text=reason.text, advice=reason.advice) for reason in quality.reasons
        ),
        components={
            measure.value: ComponentOut(value=round(found.value, 4), unit=found.unit, score=round(found.score, 1))
            for measure, found in quality.components.items()
        },
    )
