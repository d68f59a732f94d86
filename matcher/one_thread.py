"""One thread for one piece of work: libraries do not spread a photo or a search over the cores.

A photo's matrices are so small that a second core takes longer to wake than to help. OpenBLAS, which NumPy calculates
with, then lets its threads wait in a loop for up to 25 milliseconds after each product: half of the processor time that
a search among a million people took was such waiting (docs/engines.md). Photos and searches beside each other are what
the other cores are for.
"""

from functools import cache


@cache
def for_each() -> None:
    """Keep matrix products and OpenCV of this process to the thread that calls them; FAISS's own threads stay."""
    import cv2
    import numpy as np  # noqa: F401 - it and OpenCV bring an OpenBLAS each, which have to be there to be told
    from threadpoolctl import ThreadpoolController

    cv2.setNumThreads(1)
    # FAISS's own OpenBLAS goes by OpenMP: told this, FAISS would search a batch on one core.
    ThreadpoolController().select(threading_layer="pthreads").limit(limits=1)
