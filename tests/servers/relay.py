# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""relay.py LISTEN TARGET - pass TCP connections on, and say "connection" for each that sent something."""
import asyncio
import sys


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


async def pour(reader, writer, first=b""):
    data = first
    try:
        while data or (data := await reader.read(65536)):
            writer.write(data)
            await writer.drain()
            data = b""
    except OSError:
        pass
    finally:
        writer.close()


async def connected(reader, writer):
    first = await reader.read(65536)
    if not first:
        writer.close()
        return
    print("connection", flush=True)
    try:
        there_reader, there_writer = await asyncio.open_connection(*address(sys.argv[2]))
    except OSError:
        writer.close()
        return
    await asyncio.gather(pour(reader, there_writer, first), pour(there_reader, writer))


async def main():
    server = await asyncio.start_server(connected, *address(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
