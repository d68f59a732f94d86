"""What this processor can do with 8-bit numbers."""

import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
# AVX-512 VNNI, AVX VNNI, and the dot-product instructions of Arm.
_EIGHT_BIT_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})


def has_eight_bit_instructions(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether 8-bit dot products are instructions here; without them 8-bit inference is slower or saturates."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    for line in text.splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not _EIGHT_BIT_FLAGS.isdisjoint(flags.split())
    return False
