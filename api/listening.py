"""How a listening socket is closed without losing whoever has just connected; Linux alone can do so wholly."""

import ctypes
import socket
import struct
import sys

# <linux/filter.h> and <asm-generic/socket.h>.
_SO_ATTACH_FILTER = 26
_LOAD_BYTE, _JUMP_IF_SET, _RETURN = 0x30, 0x45, 0x06
_FLAGS_AT, _SYN, _WHOLE = 13, 0x02, 2**18
# The byte of flags in the TCP header; packets that would begin a connection are dropped, all others let through.
_NO_SYN = (
    (_LOAD_BYTE, 0, 0, _FLAGS_AT),
    (_JUMP_IF_SET, 0, 1, _SYN),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, _WHOLE),
)


def take_no_new(listener: socket.socket) -> None:
    """Let nobody begin to connect any more; connections that have begun come to their end and can be accepted.

    Who begins meanwhile is not refused but unheard, and tries again after a second: by then the socket is closed, or
    another process listens at the same address. Where the system is another than Linux nothing happens.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in _NO_SYN))
    filter_program = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_program)
