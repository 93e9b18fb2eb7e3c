#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec broker --store as its users see it: refusals, a full disk, what a restart says. kill_test has the kills."""
import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

from harness import PROGRAM, ProgramTest, broker, environment


def packet(kind, body):
    size = len(body)
    assert size < 16384
    return bytes([kind]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + body


def text(value):
    return len(value).to_bytes(2, "big") + value.encode()


class Client:
    """3.1.1, a kept session; or 5.0, one that is kept for so many seconds."""

    def __init__(self, port, name, seconds=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        head = b"\4\0\0\0" if seconds is None else b"\5\0\0\0\5\x11" + seconds.to_bytes(4, "big")
        self.socket.sendall(packet(0x10, text("MQTT") + head + text(name)))
        kind, body = self.read()
        assert kind == 0x20 and body[1] == 0, (kind, body)

    def read(self):
        """(first octet, body), or (None, b"") at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None, b""
        size = head[1]
        if size & 128:
            size = size & 127 | self.file.read(1)[0] << 7
        return head[0], self.file.read(size)

    def subscribe(self, topic):
        self.socket.sendall(packet(0x82, b"\0\1" + text(topic) + b"\1"))
        assert self.read()[0] == 0x90

    def publish(self, topic, payload):
        """False: the broker is gone, and has not acknowledged it."""
        try:
            self.socket.sendall(packet(0x32, text(topic) + b"\0\1" + payload))
            return self.read()[0] == 0x40
        except OSError:
            return False

    def leave(self):
        """The end of the connection, seen by both sides."""
        self.socket.shutdown(socket.SHUT_WR)
        assert self.read()[0] is None
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()


class StoreTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.store = str(self.folder / "store")

    def client(self, port, name, seconds=None):
        client = Client(port, name, seconds)
        self.addCleanup(client.close)
        return client

    def test_refusals(self):
        self.write("store", "Dear diary")
        self.expect(2, "broker", "--port", "0", "--store", self.store, says="is not a store of mqttspec")
        self.assertEqual((self.folder / "store").read_text(), "Dear diary")
        self.expect(2, "broker", "--port", "0", "--store", str(self.folder), says="is not a file")
        self.expect(2, "broker", "--port", "0", "--store", "", says="name of the file is empty")
        self.expect(2, "broker", "--port", "0", "--store", str(self.folder / "no" / "such"), says="No such file")
        self.expect(2, "broker", "--port", "0", "--store-sync", says="there is no --store FILE")

    def test_one_broker_for_a_file(self):
        for options in ([], ["--store-sync"]):
            with broker("--store", self.store, *options):
                self.expect(2, "broker", "--port", "0", "--store", self.store, says="is in use by another broker")
            self.assertEqual([p.name for p in self.folder.iterdir()], ["store"], "an end in peace leaves one file")

    def test_restart_after_the_end(self):
        with broker("--store", self.store) as port:
            self.client(port, "ear").subscribe("a")
            self.client(port, "mouth").publish("a", b"x")
        process = subprocess.Popen([PROGRAM, "broker", "--port", "0", "--store", self.store, "--verbose"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.assertTrue(process.stdout.readline().startswith("ready mqtt://"))
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=10)[1]
        self.assertEqual(said, f"store {self.store}: restored 2 sessions, 1 messages to deliver, 0 retained messages\n")
        self.assertEqual(process.returncode, 0)

    def test_the_last_words_are_kept(self):
        """What needed no answer is in the file too when the broker ends."""
        with broker("--store", self.store) as port:
            self.client(port, "gone", 1000).leave()
        with contextlib.closing(sqlite3.connect(self.store)) as store:
            (end,) = store.execute("SELECT end_due FROM sessions WHERE client_id = 'gone'").fetchone()
        self.assertIsNotNone(end, "its session would be kept longer than it asked")
        self.assertLess(abs(end / 1000 - 1000 - time.time()), 100)

    def test_a_full_disk_loses_nothing_acknowledged(self):
        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

        process = subprocess.Popen([PROGRAM, "broker", "--port", "0", "--store", self.store], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment(), preexec_fn=small)
        self.addCleanup(process.kill)
        port = int(process.stdout.readline().split()[1].rsplit(":", 1)[1])
        ear = self.client(port, "ear")
        ear.subscribe("a")
        ear.close()
        mouth, acknowledged = self.client(port, "mouth"), 0
        while mouth.publish("a", str(acknowledged).encode() + b"." * 1000):
            acknowledged += 1
            self.assertLess(acknowledged, 10_000, "the file grew beyond its limit")
        said = process.communicate(timeout=10)[1]
        self.assertEqual(process.returncode, 4, said)
        self.assertRegex(said, r"^mqttspec: --store .*: cannot be written: [^\n]*\n$")
        self.assertGreater(acknowledged, 50)
        with broker("--store", self.store) as port:
            ear = self.client(port, "ear")
            for n in range(acknowledged):
                kind, body = ear.read()
                self.assertEqual(kind & 0xF0, 0x30)
                self.assertEqual(body[5:].rstrip(b"."), str(n).encode())


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main()
