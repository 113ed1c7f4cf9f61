"""A WebSocket server that says everything it has as fast as the client takes it.

Runs as a child process, so that its work does not count as the client's.
"""

from __future__ import annotations

import socket
import struct
import sys

from traffic import Traffic
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage


def text_frame(payload: bytes) -> bytes:
    """An unmasked, final text frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def serve_once(listener: socket.socket, blob: bytes) -> None:
    """Handshake, wait for the first frame, send the blob, and answer the close."""
    peer, _ = listener.accept()
    connection = WSConnection(ConnectionType.SERVER)
    subscribed = False
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := peer.recv(65536):
            connection.receive_data(data)
            for event in connection.events():
                if isinstance(event, Request):
                    peer.sendall(connection.send(AcceptConnection()))
                elif isinstance(event, TextMessage) and not subscribed:
                    subscribed = True
                    peer.sendall(blob)
                elif isinstance(event, CloseConnection):
                    peer.sendall(connection.send(event.response()))
                    return


def main() -> None:
    """Serve clients one after the other until standard input ends."""
    traffic = Traffic()
    messages = [*traffic.opening(), *traffic.messages(int(sys.argv[1]))]
    blob = b"".join(text_frame(message) for message in messages)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        for _ in range(int(sys.argv[2])):
            serve_once(listener, blob)


if __name__ == "__main__":
    main()
