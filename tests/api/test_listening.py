"""A socket that takes no new connections loses none that have begun."""

import socket
import sys
import threading

import pytest

from api.listening import take_no_new


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can drop what would begin a connection")
@pytest.mark.long
def test_those_who_have_connected_are_served_and_later_ones_are_refused_at_the_end() -> None:
    refused = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as early:
            # Connected as far as the client can see, and accepted by nobody yet.
            take_no_new(listener)
            early.sendall(b"asked")

            def come_late() -> None:
                try:
                    socket.create_connection(address, timeout=60).close()
                except ConnectionRefusedError:
                    refused.set()

            late = threading.Thread(target=come_late)
            late.start()
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.recv(16) == b"asked"
                accepted.sendall(b"answered")
            assert early.recv(16) == b"answered"
        listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            listener.accept()
        assert late.is_alive()
    late.join(90)
    assert refused.is_set()
