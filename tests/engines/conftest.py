from pathlib import Path

import pytest

from matcher.drawn import draw
from matcher.engines.dlib_resnet import DlibResnetEngine
from matcher.engines.networks import Precision
from matcher.photo import Photo


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def engine(cache: Path) -> DlibResnetEngine:
    return DlibResnetEngine(cache=cache)


@pytest.fixture(scope="session")
def float_engine(cache: Path) -> DlibResnetEngine:
    return DlibResnetEngine(cache=cache, precision=Precision.FLOAT)


def drawn(person: int, number: int = 0) -> Photo:
    return Photo(draw(person, number), sha256=f"{person:04}{number:060}", format="drawn")
