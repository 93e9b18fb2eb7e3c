#!/usr/bin/env -S /usr/bin/python3 -B
"""Hostile clients at the TLS and WebSocket listeners: memory stays bounded, others are served meanwhile."""
import resource
import socket
import ssl
import struct
import time
import unittest

from harness import ProgramTest, certificate, run, whole_broker

TRUST = ["--cafile", certificate("ca.crt")]
EVERYTHING = ["--tls-port", "0", "--ws-port", "0", "--wss-port", "0", "--cert", certificate("server.crt"), "--key", certificate("server.key")]
MEGABYTE = 1 << 20
UPGRADE = (b"GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
CONNECT = bytes.fromhex("101000044d5154540402000a0004") + b"evil"


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def frame(opcode, payload):
    assert len(payload) < 126
    return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def read_until(connection, what, within=10):
    connection.settimeout(within)
    got = b""
    while what not in got:
        more = connection.recv(65536)
        if not more:
            raise AssertionError(f"ended after {got!r}")
        got += more
    return got


def is_cut(connection, within=10):
    """The server ends it: FIN or RST, after whatever it had to say."""
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


class Hostile(ProgramTest):
    def setUp(self):
        super().setUp()
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10000), hard))
        self.broker = self.enterContext(whole_broker(*EVERYTHING))
        self.serves_others()  # what is made at first use is made
        self.before = self.broker.memory()

    def serves_others(self):
        for scheme in ("mqtt", "mqtts", "wss"):
            self.expect(0, "test", self.broker.urls[scheme], *(TRUST if scheme != "mqtt" else []), "--only", "ping.*", "-V", "5")

    def dial(self, scheme):
        connection = self.enterContext(socket.create_connection(("127.0.0.1", self.broker.port(scheme))))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def grown(self, most, what):
        grown = (self.broker.memory() - self.before) / MEGABYTE
        print(f"{what}: {grown:.1f} MB more")
        self.assertLess(grown, most, what)

    def test_half_open_handshakes(self):
        hello = client_hello()
        for rest, what in ((b"", "1500 connections that say nothing"), (hello[:100], "1500 halves of a ClientHello"),
                           (hello, "1500 handshakes left half open")):
            connections = [self.dial("mqtts") for _ in range(1500)]
            for connection in connections:
                connection.sendall(rest)
            if rest == hello:
                self.assertIn(b"\x16\x03", read_until(connections[-1], b"\x16\x03"))
                self.assertTrue(is_cut(connections[0]), "the oldest makes room")
            self.serves_others()
            self.grown(110, what)
            for connection in connections:
                connection.close()

    def test_garbage_in_place_of_a_handshake(self):
        for _ in range(50):
            for scheme, text in (("mqtts", b"\x16\x03\x01\xff\xff" + b"x" * 20000), ("mqtts", b"GET / HTTP/1.1\r\n\r\n"), ("mqtts", CONNECT),
                                 ("ws", CONNECT + b"\r\n\r\n"), ("ws", b"\xff" * 20000), ("wss", CONNECT)):
                connection = self.dial(scheme)
                connection.sendall(text)
                self.assertTrue(is_cut(connection), (scheme, text[:20]))
        self.serves_others()
        self.grown(20, "garbage")

    def test_requests_that_are_never_finished(self):
        connections = [self.dial("ws") for _ in range(500)]
        for connection in connections:
            connection.sendall(UPGRADE[:-2] + b"X: " + b"x" * 7000)
        self.serves_others()
        self.grown(30, "500 unfinished requests of 7 KB")
        long = self.dial("ws")
        long.sendall(UPGRADE[:-2] + b"X: " + b"x" * 9000)
        self.assertIn(b"HTTP/1.1 431 ", read_until(long, b"\r\n\r\n"))
        self.assertTrue(is_cut(long))

    def test_no_handshake_for_ever(self):
        with whole_broker(*EVERYTHING, "--limits", "time_to_connect=1") as broker:
            for scheme, text in (("mqtts", b""), ("mqtts", client_hello()), ("ws", UPGRADE[:-2]), ("ws", UPGRADE), ("wss", b"\x16")):
                with socket.create_connection(("127.0.0.1", broker.port(scheme))) as connection:
                    connection.sendall(text)
                    self.assertTrue(is_cut(connection), (scheme, text[:20]))

    def test_a_gigabyte_announced(self):
        connections = []
        for _ in range(100):
            connection = self.dial("ws")
            connection.sendall(UPGRADE)
            read_until(connection, b"\r\n\r\n")
            connection.sendall(frame(2, CONNECT))
            read_until(connection, b"\x20\x02\x00\x00")
            # one frame of 1 GB, in it the packet that MQTT allows at most, announced too
            connection.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 30) + b"\0\0\0\0" + b"\x30\xff\xff\xff\x7f\x00\x01t" + b"x" * 50000)
            connections.append(connection)
        self.serves_others()
        self.grown(30, "100 frames of 1 GB announced, 50 KB of each sent")

    def test_pings_without_an_end_to_one_that_does_not_read(self):
        connection = self.dial("ws")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(UPGRADE)
        read_until(connection, b"\r\n\r\n")
        connection.settimeout(3)
        pings = frame(9, b"x" * 125) * 5000
        end = time.monotonic() + 60
        with self.assertRaises(TimeoutError):  # it is not read any more
            while time.monotonic() < end:
                connection.sendall(pings)
        self.serves_others()
        self.grown(30, "pings whose pongs nobody reads")

    def test_a_slow_reader_is_heard_although_it_is_not_read(self):
        """Its PINGREQ lies unread behind the backlog: Keep Alive must not end a connection that moves."""
        size, rate, topic = 40 * MEGABYTE, 4 * MEGABYTE, b"\x00\x01t"
        for scheme in ("mqtt", "ws"):
            wrap = (lambda octets: frame(2, octets)) if scheme == "ws" else (lambda octets: octets)
            reader, mouth = self.dial(scheme), self.dial("mqtt")
            if scheme == "ws":
                reader.sendall(UPGRADE)
                read_until(reader, b"\r\n\r\n")
            reader.sendall(wrap(bytes.fromhex("100e00044d515454040200010002") + b"r1"))  # Keep Alive 1
            read_until(reader, b"\x20\x02\x00\x00")
            reader.sendall(wrap(b"\x82\x06\x00\x01" + topic + b"\x00"))
            read_until(reader, b"\x90\x03\x00\x01\x00")
            mouth.sendall(CONNECT)
            read_until(mouth, b"\x20\x02\x00\x00")
            message = b"\x30\x83\x80\x04" + topic + b"x" * (0x10003 - 3)  # a body of 65,539 octets
            mouth.sendall(message * (size // len(message)))
            reader.settimeout(5)
            begin = time.monotonic()
            while time.monotonic() - begin < 5:  # longer than Keep Alive grants
                reader.sendall(wrap(b"\xc0\x00"))
                for _ in range(rate // 10 // 65536):
                    reader.recv(65536)
                time.sleep(0.1)
            mouth.sendall(b"\x30\x0a" + topic + b"the end")
            last = b""
            while b"the end" not in last:
                more = reader.recv(65536)
                self.assertTrue(more, f"{scheme}: it was cut, and got no more than what was written before")
                last = last[-6:] + more
            reader.close(), mouth.close()


if __name__ == "__main__":
    unittest.main()
