"""Echoes with asyncio's protocols. python3 asyncio_echo.py <port>"""

import asyncio
import signal
import socket
import sys


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.transport.write(data)

    # A client that reads too slowly is read from no more, so that nothing piles up.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    def eof_received(self):
        return False  # closes once all is written


async def main(port):
    loop = asyncio.get_running_loop()
    stopped = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, stopped.set_result, None)
    server = await loop.create_server(Echo, "127.0.0.1", port, backlog=4096)
    async with server:
        await stopped


asyncio.run(main(int(sys.argv[1])))
