"""A photo's matrices stay in one thread, and FAISS keeps its own."""

import subprocess
import sys

import pytest

LOOK = """
import cv2, faiss
from threadpoolctl import threadpool_info
faiss.omp_set_num_threads(3)
import pytest
from matcher.engines.networks import Precision
from matcher.engines.opening import open_engine
open_engine("face_recognition", cache=None, precision=Precision.FLOAT, threads=1)
print([one["num_threads"] for one in threadpool_info() if one.get("threading_layer") == "pthreads"])
print(cv2.getNumThreads(), faiss.omp_get_max_threads())
"""


@pytest.mark.long
def test_opening_an_engine_keeps_products_to_one_thread() -> None:
    found = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True).stdout
    products, others = found.splitlines()
    assert set(products.strip("[]").split(", ")) == {"1"}
    assert others == "1 3"
