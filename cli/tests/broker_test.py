#!/usr/bin/env -S /usr/bin/python3 -B
"""`mqttspec broker` as people run it: logins, SCRAM, $SYS topics, /metrics, and the judge of clients."""
import base64
import contextlib
import hashlib
import hmac
import json
import re
import select
import signal
import socket
import struct
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from harness import PROGRAM, ProgramTest, broker, environment, run


class Running:
    """The broker, its output in a file: a pipe that nobody reads would stop it."""

    def __init__(self, folder, *arguments):
        self.output = folder / "output"
        with open(self.output, "w") as out:
            self.process = subprocess.Popen([PROGRAM, "broker", "--port", "0", *arguments], stdout=out, env=environment())
        end = time.monotonic() + 20
        while not self.output.read_text().endswith("\n"):
            assert self.process.poll() is None and time.monotonic() < end, "it is not ready"
            select.select([], [], [], 0.02)
        self.ready = self.output.read_text().splitlines()[0]
        self.port = int(re.match(r"ready mqtt://127\.0\.0\.1:(\d+)", self.ready)[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        return self.output.read_text()


class BrokerTest(ProgramTest):
    @contextlib.contextmanager
    def broker(self, *arguments):
        running = Running(self.folder, *arguments)
        try:
            yield running
            if running.process.poll() is None:
                running.end()
        finally:
            running.process.kill()
            running.process.wait()

    def mosquitto(self, name, running, *arguments, stdin=""):
        return subprocess.run([f"mosquitto_{name}", "-p", str(running.port), *arguments], input=stdin, capture_output=True,
                              text=True, timeout=30)


def text(octets):
    return struct.pack(">H", len(octets)) + octets


def packet(head, body):
    assert len(body) < 16384
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
    return bytes([head]) + length + body


class ScramClient:
    """RFC 5802 by Python's own hashing, over a socket: what the broker's side was not made with."""

    def __init__(self, port, user, password):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.user, self.password = user, password

    def close(self):
        self.socket.close()

    def properties(self, data):
        body = b"\x15" + text(b"SCRAM-SHA-256") + b"\x16" + text(data)
        return bytes([len(body) & 127 | 128, len(body) >> 7]) + body if len(body) > 127 else bytes([len(body)]) + body

    def receive(self, octets):
        got = b""
        while len(got) < octets:
            more = self.socket.recv(octets - len(got))
            if not more:
                break
            got += more
        return got

    def answer(self):
        """Type, reason and authentication data."""
        head, length = self.receive(2)
        if length & 128:
            length = length & 127 | self.receive(1)[0] << 7
        body = self.receive(length)
        data = re.search(rb"\x16(..)", body, re.S)
        size = struct.unpack(">H", data[1])[0] if data else 0
        return head >> 4, body[1 if head >> 4 == 2 else 0], body[data.end():data.end() + size] if data else b""

    def log_in(self, again=False):
        bare = f"n={self.user},r=fyko+d2lbbFgONRv9qkxdawL".encode()
        if again:
            self.socket.sendall(packet(0xf0, b"\x19" + self.properties(b"n,," + bare)))
        else:
            self.socket.sendall(packet(0x10, text(b"MQTT") + b"\x05\x02\0\0" + self.properties(b"n,," + bare) + text(b"scram")))
        kind, reason, challenge = self.answer()
        assert (kind, reason) == (15, 0x18), (kind, reason, challenge)
        fields = dict(part.split(b"=", 1) for part in challenge.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(fields[b"s"]), int(fields[b"i"]))
        key, server = (hmac.digest(salted, word, "sha256") for word in (b"Client Key", b"Server Key"))
        without_proof = b"c=biws,r=" + fields[b"r"]
        message = bare + b"," + challenge + b"," + without_proof
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
        self.expected = b"v=" + base64.b64encode(hmac.digest(server, message, "sha256"))
        self.socket.sendall(packet(0xf0, b"\x18" + self.properties(without_proof + b",p=" + proof)))
        return self.answer()


class Logins(BrokerTest):
    def logins(self):
        lines = [run("broker", f"--hash-password={user}", "--hash-kind", kind, stdin="pencil\n").stdout
                 for user, kind in (("ann", "scram"), ("bob", "scrypt"))]
        return self.write("logins", "".join(lines))

    def test_scram(self):
        acl = self.write("acl", "user ann\ntopic write hers\n")
        with self.broker("--login-file", self.logins(), "--acl", acl) as running:
            for user, password, right in (("ann", "pencil", True), ("ann", "pen", False), ("bob", "pencil", False), ("nobody", "pencil", False)):
                with self.subTest(user, password=password), contextlib.closing(ScramClient(running.port, user, password)) as client:
                    answer = client.log_in()
                    self.assertEqual(answer, (2, 0, client.expected) if right else (2, 0x87, b"e=invalid-proof"))
                    if not right:
                        continue
                    for topic, reason in ((b"hers", 0x10), (b"other", 0x87)):  # nobody listens; it is not hers
                        client.socket.sendall(packet(0x32, text(topic) + b"\0\1" + b"\0x"))
                        head, length = client.receive(2)
                        self.assertEqual((head, client.receive(length)[:3]), (0x40, b"\0\1" + bytes([reason])))
                    self.assertEqual(client.log_in(again=True), (15, 0, client.expected))
                    client.password = "pen"
                    self.assertEqual(client.log_in(again=True)[:2], (14, 0x87))

    def test_passwords_in_clear(self):
        with self.broker("--login-file", self.logins()) as running:
            for version in ("mqttv311", "mqttv5"):
                for user, password, code in (("ann", "pencil", 0), ("bob", "pencil", 0), ("ann", "x", 1), ("bob", "x", 1), ("nobody", "x", 1)):
                    with self.subTest(user, version=version, password=password):
                        result = self.mosquitto("pub", running, "-V", version, "-u", user, "-P", password, "-q", "1", "-t", "t", "-m", "x")
                        self.assertEqual(bool(result.returncode), bool(code), result.stderr)

    def test_hash_kinds(self):
        self.assertRegex(run("broker", "--hash-password", "--hash-kind", "scram", stdin="p\n").stdout, r"^\$scram-sha-256\$\d+\$")
        self.assertRegex(run("broker", "--hash-password", stdin="p\n").stdout, r"^\$scrypt\$")
        self.expect(2, "broker", "--hash-password", "--hash-kind", "scram", stdin="p\u00e4\n", says="has to be ASCII")
        self.expect(2, "broker", "--hash-password", "--hash-kind", "md5", says="--hash-kind")


class Statistics(BrokerTest):
    def test_sys_topics(self):
        with self.broker("--sys-interval", "1") as running:
            result = self.mosquitto("sub", running, "-t", "$SYS/broker/uptime", "-C", "2", "-W", "20")
            self.assertRegex(result.stdout, r"^\d+ seconds\n\d+ seconds\n$")
            result = self.mosquitto("sub", running, "-t", "$SYS/broker/version", "-C", "1", "-W", "20")
            self.assertRegex(result.stdout, r"^mqttspec \S+\n$")
        with self.broker("--sys-interval", "0") as running:
            self.assertEqual(self.mosquitto("sub", running, "-t", "$SYS/#", "-W", "1").stdout, "")

    def test_sys_topics_are_not_stored(self):
        store = str(self.folder / "store")
        with self.broker("--store", store, "--sys-interval", "1") as running:
            self.mosquitto("pub", running, "-q", "1", "-r", "-t", "kept", "-m", "x")
            self.mosquitto("sub", running, "-t", "$SYS/broker/uptime", "-C", "2", "-W", "20")
        with self.broker("--store", store, "--sys-interval", "0") as running:
            result = self.mosquitto("sub", running, "-t", "$SYS/#", "-t", "kept", "-v", "-W", "1")
            self.assertEqual(result.stdout, "kept x\n")

    def test_metrics(self):
        with self.broker("--metrics-port", "0") as running:
            url = re.fullmatch(r"ready mqtt://\S+ metrics (http://127\.0\.0\.1:\d+/metrics)", running.ready)[1]
            with urllib.request.urlopen(url, timeout=20) as answer:
                self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
                self.assertIn("\nmqttspec_clients_connected 0\n", answer.read().decode())
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(url + "/x", timeout=20)
            self.assertEqual(refused.exception.code, 404)
            self.expect(2, "broker", "--port", "0", "--metrics-port", url.split(":")[2].split("/")[0], says="for metrics: ")

    def test_usage(self):
        for arguments, says in ((["--metrics-port", "70000"], "--metrics-port"), (["--sys-interval", "-1"], "--sys-interval"),
                                (["--judge-clients=/nonexistent/x"], "cannot be written")):
            with self.subTest(arguments):
                self.expect(2, "broker", "--port", "0", *arguments, says=says)


class JudgingClients(BrokerTest):
    def judged(self, running, path):
        """The summary and the lines of the file, which have to agree with each other and with stdout."""
        output = running.end()
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        summary = json.loads(re.search(r"^judged (.*)$", output, re.M)[1])
        for line in lines:
            self.assertEqual(list(line), ["time", "client", "statement", "what", "hex"])
            self.validate("judge", line)
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertIn(f"judge: client {json.dumps(line['client'])} breaks {line['statement']}: {line['what']}", output)
        self.assertEqual(summary["accusations"], len(lines))
        self.assertEqual(sum(summary["statements"].values()), len(lines))
        return summary, lines

    def test_mosquittos_clients_do_right(self):
        path = self.folder / "told"
        with self.broker(f"--judge-clients={path}", "--limits", "receive_maximum=5") as running:
            for version, kept in (("mqttv311", []), ("mqttv5", ["-x", "1000"])):
                many = "".join(f"{i}\n" for i in range(100))
                self.mosquitto("sub", running, "-V", version, "-q", "2", "-t", "#", "-i", "keeper", "-c", "-E", *kept)
                for qos in "012":
                    options = ["-V", version, "-q", qos, "-t", f"t/{qos}"]
                    result = self.mosquitto("pub", running, *options, "-l", "-r", "--will-topic", "w", "--will-payload", "x", stdin=many)
                    self.assertEqual(result.returncode, 0, result.stderr)
                result = self.mosquitto("sub", running, "-V", version, "-q", "2", "-t", "#", "-i", "keeper", "-c", "-C", "200", "-W", "20", *kept)
                self.assertEqual(result.stdout.count("\n"), 200)
            self.assertEqual(self.judged(running, path), ({"accusations": 0, "clients": 0, "statements": {}}, []))

    def test_the_suite_breaks_rules_on_purpose(self):
        """Statements that its cases break, each with the case it is for."""
        path = self.folder / "told"
        with self.broker(f"--judge-clients={path}") as running:
            self.assertEqual(run("test", f"mqtt://127.0.0.1:{running.port}").returncode, 0)
            summary, lines = self.judged(running, path)
        for statement in ("MQTT-3.1.0-1", "MQTT-3.1.0-2", "MQTT-3.1.3-7", "MQTT-3.1.2-13", "MQTT-3.1.2-30", "MQTT-2.3.1-1", "MQTT-2.2.1-3",
                          "MQTT-2.2.1-5", "MQTT-3.3.1-2", "MQTT-3.3.1-4", "MQTT-3.3.2-8", "MQTT-3.3.4-6",
                          "MQTT-3.6.1-1", "MQTT-3.8.3-3", "MQTT-4.12.0-7", "MQTT-4.3.2-2", "MQTT-4.6.0-3", "MQTT-4.6.0-4", "MQTT-4.7.1-2",
                          "X-3.3.2-alias-unknown", "X-3.14.2-session-expiry-raised", "X-2.2.2-property-twice"):
            self.assertIn(statement, summary["statements"])
        self.assertNotIn("MQTT-3.2.2-17", summary["statements"], "the first 5 s a client may not have seen CONNACK: nothing is said")
        self.assertGreater(len(lines), 300)

    def test_a_full_disk_is_told_and_the_broker_serves_on(self):
        process = subprocess.Popen([PROGRAM, "broker", "--port", "0", "--judge-clients=/dev/full"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(process.kill)
        port = int(re.search(r":(\d+)", process.stdout.readline())[1])
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), 20) as client:
                client.sendall(b"\xc0\0")
                self.assertEqual(client.recv(1), b"")
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 4, errors)
        self.assertIn('judged {"accusations":2,', output)
        self.assertIn("mqttspec: --judge-clients=/dev/full: cannot be written to any more: No space left on device\n", errors)

    def test_without_a_file(self):
        with self.broker("--judge-clients", "--log", "quiet") as running:
            with socket.create_connection(("127.0.0.1", running.port), 20) as client:
                client.sendall(b"\xc0\0")
                self.assertEqual(client.recv(1), b"")
            output = running.end()
        self.assertIn('judge: client "" breaks MQTT-3.1.0-1: the first packet is no CONNECT: c0 00\n', output)
        self.assertIn('judged {"accusations":1,"clients":1,"statements":{"MQTT-3.1.0-1":1}}\n', output)


CONNECT = b"\x10\x0d\0\4MQTT\4\2\0\0\0\1"


class LateReader(ProgramTest):
    def read(self, s, end, most=1 << 20):
        s.settimeout(max(0.1, end - time.monotonic()))
        return s.recv(most)

    def test_is_read_again_once_it_has_caught_up(self):
        publish = b"\x30\xa3\x8d\x06\0\1t" + b"x" * 100_000
        end = time.monotonic() + 60
        with broker() as port, socket.create_connection(("127.0.0.1", port)) as s, \
                socket.create_connection(("127.0.0.1", port)) as filler:
            s.sendall(CONNECT + b"c" + b"\x82\6\0\1\0\1t\0")
            wanted = 4 + 5 + 300 * len(publish)
            self.assertEqual(len(self.read(s, end, 9)), 9)
            filler.sendall(CONNECT + b"f" + publish * 300 + b"\xc0\0")
            self.assertEqual(self.read(filler, end, 4), b"\x20\2\0\0")
            self.assertEqual(self.read(filler, end, 2), b"\xd0\0")
            heard = 9
            while heard < wanted:
                s.sendall(b"\x30\3\0\1n")  # to nobody, and nothing answers it
                heard += len(self.read(s, end))
            s.sendall(b"\xc0\0")
            self.assertEqual(self.read(s, end), b"\xd0\0")


if __name__ == "__main__":
    unittest.main()
