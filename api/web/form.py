"""The fields of a form that was sent, read before the route, which may then wait for the records in a thread."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends

from api.web.pages import ThePage


async def form_of(page: ThePage) -> Mapping[str, str]:
    return await page.form()


TheForm = Annotated[Mapping[str, str], Depends(form_of)]
