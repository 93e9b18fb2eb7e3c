#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec decode while it goes on: interfaces, pipes, Ctrl-C, and what a terminal shows of it."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time
import unittest

import capture_making as make
from capture_harness import CaptureTest, counts
from harness import PROGRAM, TOP, broker, certificate, environment, run, whole_broker


class Going(CaptureTest):
    """A decode that is not over yet."""

    def start(self, *arguments, **how):
        process = subprocess.Popen([PROGRAM, "decode", *map(str, arguments)], stdout=subprocess.PIPE,
                                   **{"stderr": subprocess.PIPE, "text": True, "env": environment(), **how})
        self.addCleanup(process.kill)
        timer = threading.Timer(60, process.kill)  # readline() has no deadline of its own
        timer.start()
        self.addCleanup(timer.cancel)
        return process

    def taken(self, process, pipe):
        """Waits until nothing is left in the pipe and the program sleeps: it has looked at all, and waits for more."""
        deadline = time.monotonic() + 20
        stat = pathlib.Path(f"/proc/{process.pid}/stat")
        while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"1234"))[0] or stat.read_text().rsplit(") ", 1)[1][0] != "S":
            self.assertLess(time.monotonic(), deadline, "the program does not read")
            time.sleep(0.01)

    def capture(self, *arguments):
        """From lo, from now on."""
        process = self.start("-i", "lo", *arguments)
        self.assertEqual(process.stderr.readline(), "mqttspec: capturing lo; Ctrl-C ends it\n")
        return process

    def interrupt(self, process, code=130):
        process.stdin, kept = None, process.stdin  # communicate() would close it, which ends the program too
        if kept:
            self.addCleanup(kept.close)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, code, err)
        return out, err


class Live(Going):
    def publish(self, port, topic="live"):
        subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-t", topic, "-m", "x"], check=True, timeout=20)

    TALK = ["CONNECT", "CONNACK", "PUBLISH", "PUBACK", "DISCONNECT"]

    def test_an_interface(self):
        """Packets are told while the capture goes on."""
        with broker() as port:
            process = self.capture("--json", "--port-map", f"{port}=mqtt")
            self.publish(port)
            told = []
            while len(told) < 5:
                line = json.loads(process.stdout.readline())
                if line["session"].endswith(f":{port}"):  # other tests talk over it too
                    told.append(line["type"])
            self.assertEqual(told, self.TALK)
            self.interrupt(process)

    def test_what_had_come_is_told_at_the_end(self):
        with broker() as port:
            for options in (["--json"], ["--json", "--stats"]):
                process = self.capture("--filter", f"tcp port {port}", *options)
                self.publish(port)
                out, err = self.interrupt(process)
                lines = [json.loads(line) for line in out.splitlines()]
                with self.subTest(options):
                    self.assertEqual(err, "")
                    if len(options) == 1:
                        self.assertEqual([line["type"] for line in lines], self.TALK)
                    else:
                        self.assertEqual([(line["type"], line["fields"]["packets"]) for line in lines], [("STATS", 5)])

    def test_a_filter(self):
        with broker() as one, broker() as two:
            process = self.capture("--json", "--filter", f"port {two} and host 127.0.0.1")
            for n in range(5):
                for port in (one, two):
                    self.publish(port)
            out, _ = self.interrupt(process)
            sessions = [json.loads(line)["session"] for line in out.splitlines()]
            self.assertEqual({s.rsplit(":")[-1] for s in sessions}, {str(two)})
            self.assertEqual(len(sessions), 25)

    def test_wrong_filters(self):
        for wrong in ("port", "bogus thing", "port 70000", "("):
            self.expect(2, "decode", "-i", "lo", "--filter", wrong, says=f"--filter {wrong}: is no filter of lo: ")
        self.assertIn("syntax error", run("decode", "-i", "lo", "--filter", "port").stderr)
        self.expect(2, "decode", "--filter", "port 1883", "file", says="--filter: is for -i INTERFACE")

    def test_all_that_may_be_tcp_comes(self):
        """Tags, labels, extension headers and fragments, put on the interface as they are."""
        dress = {"plain": make.ethernet, "VLAN": lambda p: make.ethernet(p, [(0x8100, 5)]), "QinQ": lambda p: make.ethernet(p, [(0x88A8, 9), (0x8100, 5)]),
                 "MPLS": lambda p: bytes(12) + b"\x88\x47\0\1\1\x40" + p,
                 "PPPoE": lambda p: bytes(12) + b"\x88\x64\x11\0\0\1" + (len(p) + 2).to_bytes(2, "big") + b"\0\x21" + p,
                 "six": make.ethernet, "six behind an extension": make.ethernet, "fragments": make.ethernet, "fragments of six": make.ethernet}
        process = self.capture("--json")
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind(("lo", 0))
            for n, (name, put_on) in enumerate(dress.items()):
                ends = ("fd00::5", "fd00::1") if "six" in name else ("10.9.8.5", "10.9.8.1")
                head = 40 if "six" in name else 20
                c = make.Connection((ends[0], 40_000 + n), (ends[1], 1883)).shake().client(make.connect(name.encode())).server(make.CONNACK).end()
                for i, p in enumerate(c.packets):
                    way = ends if p[head - 8:head] == c.packets[0][head - 8:head] else ends[::-1]
                    parts = [p]
                    if "fragments" in name:
                        parts = make.fragments(p[head:], *way, 16, i)
                    elif "extension" in name:
                        parts = [make.ip(p[40:], *way, extensions=b"\x06\0\1\4\0\0\0\0")]
                    for part in parts:
                        wire.send(put_on(part))
        out, _ = self.interrupt(process)
        found = [line for line in map(json.loads, out.splitlines()) if re.search(r"10\.9\.8\.1|fd00::1", line["session"])]
        self.assertEqual(counts(found), {"CONNECT": len(dress), "CONNACK": len(dress)})
        self.assertEqual({line["fields"]["client identifier"] for line in found if line["type"] == "CONNECT"}, set(dress))

    def test_what_is_lost_is_told(self):
        """More than the kernel keeps, while the program stands still."""
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            peer, _ = server.accept()
            process = self.capture("--filter", f"tcp port {server.getsockname()[1]}")
            sink = threading.Thread(target=lambda: [None for _ in iter(lambda: peer.recv(1 << 20), b"")])
            sink.start()
            process.send_signal(signal.SIGSTOP)
            client.sendall(bytes(200 << 20))
            client.shutdown(socket.SHUT_WR)
            sink.join(60)
            peer.close()
            process.send_signal(signal.SIGCONT)
            _, err = self.interrupt(process)
            self.assertRegex(err, r"(?m)^mqttspec: \d+ of \d+ frames were lost, for they came faster than they were read; --filter lets fewer come")
            lost, come = map(int, re.search(r"(\d+) of (\d+) frames", err).groups())
            self.assertTrue(0 < lost < come, err)

    def test_none_such(self):
        self.expect(2, "decode", "-i", "nosuch", says="-i nosuch: cannot be captured: ")
        self.assertIn(" lo", run("decode", "-i", "nosuch").stderr, "those there are")
        self.expect(2, "decode", "-i", "lo", "file", says="-i and FILE exclude each other")
        self.expect(2, "decode", "-i", "lo", "--keylog", "k", says="-i and --keylog exclude each other")


class Encrypted(Going):
    def talk(self, port, *alpn):
        """A session over WSS, whose secrets are in folder/keys; what the server says is read before the next is sent."""
        outside = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        outside.load_verify_locations(certificate("ca.crt"))
        outside.keylog_filename = str(self.folder / "keys")
        if alpn:
            outside.set_alpn_protocols(alpn)
        with outside.wrap_socket(socket.create_connection(("127.0.0.1", port), 20), server_hostname="localhost") as s:
            s.sendall(make.UPGRADE.replace(b"eA==", b"dGhlIHNhbXBsZSBub25jZQ==").replace(b"Sec-WebSocket-Extensions: permessage-deflate\r\n", b""))
            self.assertIn(b" 101 ", s.recv(4096))
            for octets in (make.connect(b"wss"), make.publish(b"a", b"x" * 40_000, 1), make.PINGREQ):
                s.sendall(make.frame(octets, mask=b"abcd"))
                s.recv(4096)
            s.sendall(make.frame(make.DISCONNECT, mask=b"abcd"))
            while s.recv(4096):
                pass

    def test_a_session_over_wss(self):
        """Against the broker, captured by dumpcap, decrypted by tshark."""
        path = self.folder / "wss.pcapng"
        with whole_broker("--wss-port", "0", "--cert", certificate("server.crt"), "--key", certificate("server.key")) as running:
            port = running.port("wss")
            dumpcap = subprocess.Popen(["dumpcap", "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", path], stderr=subprocess.PIPE, text=True)
            self.addCleanup(dumpcap.kill)
            while not dumpcap.stderr.readline().startswith("File: "):
                self.assertIsNone(dumpcap.poll(), "dumpcap")
            for alpn in ((), ("http/1.1",), ("mqtt",)):
                self.talk(port, *alpn)
            deadline = time.monotonic() + 30  # dumpcap reads a block at a time
            while self.decode("--json", "--keylog", self.folder / "keys", path).stdout.count(b'"type":"DISCONNECT"') < 3:
                self.assertLess(time.monotonic(), deadline, "dumpcap has not written all of it")
            dumpcap.send_signal(signal.SIGINT)
            dumpcap.communicate(timeout=20)
        one = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "PUBACK": 1, "PINGREQ": 1, "PINGRESP": 1, "DISCONNECT": 1}
        found = self.lines("--keylog", self.folder / "keys", path, code=0)
        self.assertEqual(counts(found), {t: 3 * n for t, n in one.items()})
        self.assertEqual([line["fields"]["payload"]["length"] for line in found if line["type"] == "PUBLISH"], [40_000] * 3)


class Interrupted(Going):
    def large(self):
        """20 MB: a connection of each port, which says CONNECT alone."""
        packet = make.Connection(("10.0.0.5", 1)).client(make.connect(b"x" * 300)).packets[0]
        return self.file(make.pcap([packet[:20] + port.to_bytes(2, "big") + packet[22:] for port in range(1, 65_536) if port != 1883], make.RAW))

    def test_a_pipe_is_told_as_it_comes(self):
        """What tcpdump -U would write, in two halves."""
        whole = (TOP / "corpus/captures/suricata-verify__mqtt311-pub-qos1_input.pcap").read_bytes()
        process = self.start("--json", "-", stdin=subprocess.PIPE, text=False)
        process.stdin.write(whole[:-100])  # less DISCONNECT and FIN
        process.stdin.flush()
        self.assertEqual([json.loads(process.stdout.readline())["type"] for _ in range(2)], ["CONNECT", "CONNACK"])
        process.stdin.write(whole[-100:])
        process.stdin.close()
        self.assertEqual(len(process.stdout.read().splitlines()), 3)
        self.assertEqual(process.wait(10), 0)

    def test_a_pipe(self):
        """What came is told, and no word of a cut."""
        whole = (TOP / "corpus/captures/suricata-verify__mqtt311-pub-qos1_input.pcap").read_bytes()
        for options, last in (["--json"], "DISCONNECT"), (["--json", "--stats"], "STATS"):
            process = self.start(*options, "-", stdin=subprocess.PIPE, text=False)
            process.stdin.write(whole[:-100])
            process.stdin.flush()
            self.taken(process, process.stdin)
            out, err = self.interrupt(process)
            self.assertEqual((json.loads(out.splitlines()[-1])["type"], err), (last, b""))

    def test_a_file(self):
        """In the middle for certain: nobody reads what it says until it is interrupted."""
        process = self.start("--json", self.large(), text=False)
        select.select([process.stdout], [], [], 20)
        out, err = self.interrupt(process)
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertTrue(100 < len(lines) < 60_000, len(lines))
        self.assertEqual(err, b"")

    def test_statistics_of_what_was_read(self):
        path = self.folder / "fifo"
        os.mkfifo(path)
        octets = self.large().read_bytes()
        process = self.start("--json", "--stats", path)
        with open(path, "wb") as fifo:
            fifo.write(octets[:len(octets) // 2])
            fifo.flush()
            self.taken(process, fifo)
            out, err = self.interrupt(process)
        stats = json.loads(out)
        self.assertEqual((stats["type"], err), ("STATS", ""))
        self.assertGreater(stats["fields"]["packets"], 1000)


class Terminal(Going):
    """The share of the file: on stderr, on a terminal, and gone at the end."""
    CLEAR = "\r\x1b[K"

    def seen(self, *arguments, stdout=subprocess.PIPE):
        """What a terminal at stderr gets."""
        ours, theirs = pty.openpty()
        out = theirs if stdout is None else stdout
        process = subprocess.Popen([PROGRAM, "decode", *map(str, arguments)], stdout=out, stderr=theirs, env=environment(TERM="xterm"))
        self.addCleanup(process.kill)
        os.close(theirs)
        if process.stdout:
            reader = threading.Thread(target=process.stdout.read)
            reader.start()
        text = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # nobody has the other end any more
                break
            if not part:
                break
            text += part
        os.close(ours)
        process.wait(30)
        if process.stdout:
            reader.join()
            process.stdout.close()
        return text.decode()

    def large(self, middle=()):
        """40 MB; `middle`: packets of another connection."""
        c = make.Connection().shake().client(make.connect(b"large"))
        body = make.publish(b"t", bytes(1_400))
        for n in range(28_000):
            c.send(True, body)
            if n == 14_000:
                c.packets += middle
        return self.file(make.pcap(c.packets, make.RAW))

    def test_it_is_shown_and_wiped_away(self):
        path = self.large()
        for options in ([], ["--stats"], ["--json"]):
            text = self.seen(*options, path)
            steps = [int(n) for n in re.findall(r"(\d+) %", text)]
            self.assertGreater(len(steps), 2, text)
            self.assertEqual(steps, sorted(steps))
            self.assertLessEqual(steps[-1], 100)
            self.assertEqual(text, "".join(f"{self.CLEAR}{n} %" for n in steps) + self.CLEAR)

    def test_remarks_have_lines_of_their_own(self):
        tls = make.Connection(("10.0.0.9", 9), ("10.0.0.1", 8883)).shake().client(b"\x16\x03\x01\x00\x05\x01\0\0\x01\0").end()
        text = self.seen(self.large(tls.packets))
        self.assertIn(self.CLEAR + "mqttspec: 10.0.0.9:9-10.0.0.1:8883: is encrypted", text)
        self.assertTrue(text.endswith(self.CLEAR))
        said = self.seen(self.file(make.pcap([], make.RAW)))
        self.assertTrue(said.endswith(f"{self.CLEAR}mqttspec: {self.folder}/made.pcap: no MQTT was found in it\r\n"), said)

    def test_not_where_it_would_be_in_the_way(self):
        path = self.large()
        self.assertEqual(self.seen("--quiet", path), "")
        self.assertEqual(self.decode(path).stderr, b"", "no terminal")
        self.assertFalse("%" in self.seen(path, stdout=None), "the packets are on it")
        self.assertIn("%", self.seen("--stats", path, stdout=None))


if __name__ == "__main__":
    unittest.main()
