#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec bench: everything arrives, reports fit their schema, and bad targets end it in time. Never how fast it is."""
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from harness import PROGRAM, ProgramTest, broker, certificate, environment, free_port, run, whole_broker

TRAFFIC = ("one-to-one", "fan-out", "fan-in", "qos1", "qos2", "latency")


def packets(stream):
    """(first octet, body) of everything that comes."""
    def exactly(n):
        data = b""
        while len(data) < n:
            more = stream.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    with contextlib.suppress(EOFError, OSError):
        while True:
            head, length, shift = exactly(1)[0], 0, 0
            while True:
                octet = exactly(1)[0]
                length |= (octet & 127) << shift
                shift += 7
                if octet < 128:
                    break
            yield head, exactly(length)


class Fake:
    """A broker that does no more than `serve(socket, number)` for each connection; a thread each."""

    def __init__(self, serve):
        self.serve, self.number = serve, 0

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.number += 1
                threading.Thread(target=self.handle, args=(client, self.number), daemon=True).start()

    def handle(self, client, number):
        with client, contextlib.suppress(OSError):
            self.serve(client, number)

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def polite(answer_publish):
    """Serves CONNECT and SUBSCRIBE; `answer_publish(client, head, body)` is asked for the rest."""
    def serve(client, _):
        for head, body in packets(client):
            if head >> 4 == 1:
                client.sendall(b"\x20\x02\0\0")
            elif head >> 4 == 8:
                client.sendall(b"\x90\x03" + body[:2] + body[-1:])
            elif head >> 4 == 14:
                return
            else:
                answer_publish(client, head, body)
    return serve


def packet_id(head, body):
    topic = struct.unpack(">H", body[:2])[0]
    return body[2 + topic:4 + topic]


class Bench(ProgramTest):
    def bench(self, port, *options, code=0, says="", **how):
        """The exit code, one line on stderr where it is not 0, and the report."""
        path = self.folder / "bench.json"
        result = self.expect(code, "bench", f"mqtt://127.0.0.1:{port}", "--report", f"json={path}", *options, says=says, **how)
        return result, self.validate("bench", json.loads(path.read_text()))

    def whole(self, m, published=None):
        """Everything that was published has arrived, once."""
        if published is not None:
            self.assertEqual(m["published"], published, m)
        self.assertEqual(m["deliveries"], m["published"] * m["subscribers"], m)
        for key in ("missing", "surplus", "refused", "unacknowledged", "stray"):
            self.assertEqual(m[key], 0, (key, m))


class OurBroker(Bench):
    def test_every_message_arrives(self):
        with broker() as port:
            _, report = self.bench(port, "--messages", "3007", "--clients", "300", "--rate", "20000", "-V", "all", "--seed", "7")
        self.assertEqual(report["tool"]["seed"], 7)
        self.assertEqual(report["target"]["url"], f"mqtt://127.0.0.1:{port}")
        self.assertEqual(len(report["measurements"]), 16)
        self.assertEqual(report["summary"]["findings"], 0)
        self.assertEqual({m["protocol"] for m in report["measurements"]}, {"3.1.1", "5"})
        for m in report["measurements"]:
            if m["flow"] in TRAFFIC:
                self.whole(m, 3007)
                self.assertEqual(m["measured"], m["deliveries"])
            else:
                self.assertEqual(m["measured"], 300, m)
            self.assertEqual(m["latency_p50_us"] is None, m["flow"] != "latency")
        self.assertEqual(report["summary"]["deliveries"], 2 * (5 * 3007 + 100 * 3007))

    def test_shapes_of_ones_own(self):
        with broker() as port:
            for options, shape in (
                (["--flow", "fan-in", "--publishers", "3", "--subscribers", "4", "--qos", "2", "--window", "7"], (3, 4, 2, 7, None)),
                (["--flow", "fan-out", "--qos", "1", "--size", "0", "--subscribers", "2"], (1, 2, 1, 100, None)),
                (["--flow", "one-to-one", "--size", "100000", "--batch", "3", "--under-way", "2"], (1, 1, 0, None, 3)),
                (["--flow", "latency", "--qos", "2", "--rate", "5000", "--size", "0"], (1, 1, 2, 100, None)),
            ):
                _, report = self.bench(port, *options, "--messages", "501")
                m = report["measurements"][0]
                self.whole(m, 501)
                self.assertEqual(tuple(m[key] for key in ("publishers", "subscribers", "qos", "window", "batch")), shape)

    def test_over_every_transport(self):
        server = ["--cert", certificate("server.crt"), "--key", certificate("server.key")]
        path, names = self.folder / "bench.json", {"mqtt": "tcp", "mqtts": "tls", "ws": "ws", "wss": "wss", "unix": "unix"}
        with whole_broker("--tls-port", "0", "--ws-port", "0", "--wss-port", "0", *server, "--unix-socket", str(self.folder / "s")) as b:
            for scheme, url in b.urls.items():
                trust = ["--cafile", certificate("ca.crt")] if scheme in ("mqtts", "wss") else []
                self.expect(0, "bench", url, *trust, "--messages", "1003", "--clients", "60", "--report", f"json={path}")
                report = self.validate("bench", json.loads(path.read_text()))
                self.assertEqual(report["target"]["url"], url)
                for m in report["measurements"]:
                    self.assertEqual(m["transport"], names[scheme])
                    if m["flow"] in TRAFFIC:
                        self.whole(m, 1003)
                    else:
                        self.assertEqual(m["measured"], 60, m)
            self.expect(3, "bench", b.urls["mqtts"], says="certificate", within=20)
            self.expect(2, "bench", b.urls["mqtts"], "--cafile", "/nowhere/ca.crt", says="/nowhere/ca.crt", within=20)

    def test_a_time_in_place_of_a_count(self):
        with broker() as port:
            result, report = self.bench(port, "--flow", "qos1", "--flow", "one-to-one", "--time", "200ms")
        for m in report["measurements"]:
            self.whole(m)
            self.assertGreater(m["published"], m["measured"])  # the warm-up counts with the one alone
            self.assertGreater(m["measured"], 0)
        self.assertEqual([line.split()[0] for line in result.stdout.split("\n") if line], ["flow", "qos1", "one-to-one"])

    def test_cpu_and_memory_of_a_process(self):
        process = subprocess.Popen([PROGRAM, "broker", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment())
        try:
            port = process.stdout.readline().strip().rsplit(":", 1)[1]
            _, report = self.bench(port, "--pid", str(process.pid), "--flow", "qos1", "--flow", "idle", "--clients", "1000",
                                   "--messages", "50000")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        for m in report["measurements"]:
            self.assertGreater(m["cpu_s"], 0)
            self.assertGreater(m["cpu_s_per_million"], 0)
            self.assertGreater(m["rss_bytes"], 1 << 20)
        self.assertGreater(report["measurements"][1]["bytes_per_connection"], 50)

    def test_receive_maximum_is_kept(self):
        with broker("--limits", "receive_maximum=5") as port:
            _, report = self.bench(port, "-V", "5", "--flow", "qos2", "--messages", "200")
        self.whole(report["measurements"][0], 200)

    def test_a_keep_alive_that_the_broker_wants_is_kept(self):
        with broker("--limits", "server_keep_alive=1") as port:
            _, report = self.bench(port, "-V", "5", "--flow", "latency", "--time", "3s", "--rate", "10")
        self.whole(report["measurements"][0])

    def test_ctrl_c_leaves_a_report(self):
        path = self.folder / "bench.json"
        with broker() as port:
            process = subprocess.Popen([PROGRAM, "bench", f"mqtt://127.0.0.1:{port}", "--time", "60s", "--flow", "idle", "--clients", "10",
                                        "--flow", "qos1", "--report", f"json={path}"], stdout=subprocess.PIPE, text=True, env=environment())
            process.stdout.readline()
            self.assertIn("idle", process.stdout.readline())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(20), 130)
            process.stdout.close()
        report = self.validate("bench", json.loads(path.read_text()))
        self.assertEqual(report["incomplete"], "interrupted")
        self.assertEqual(report["measurements"][0]["flow"], "idle")


class BadTargets(Bench):
    def test_nobody_is_there(self):
        _, report = self.bench(free_port(), code=3, says="Connection refused", within=20)
        self.assertEqual(report["measurements"], [])
        self.assertIn("refused", report["incomplete"])

    def test_one_that_says_nothing(self):
        for flow in ("one-to-one", "idle", "churn"):
            with Fake(lambda client, _: client.recv(1) and client.recv(100000) and client.recv(1)) as fake:
                begin = time.monotonic()
                self.bench(fake.port, "--timeout", "300", "--flow", flow, code=3, says="no answer to CONNECT", within=20)
                self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_one_that_never_acknowledges_a_subscription(self):
        with Fake(lambda client, _: [client.sendall(b"\x20\x02\0\0") for head, _ in packets(client) if head >> 4 == 1]) as fake:
            self.bench(fake.port, "--timeout", "300", "--flow", "qos1", code=3, says="SUBSCRIBE", within=20)

    def test_one_that_closes_at_once(self):
        with Fake(lambda client, _: None) as fake:
            self.bench(fake.port, code=3, says="in place of CONNACK", within=20)

    def test_one_that_closes_midway(self):
        def serve(client, number):
            seen = 0
            for head, body in packets(client):
                if head >> 4 == 1:
                    client.sendall(b"\x20\x02\0\0")
                elif head >> 4 == 8:
                    client.sendall(b"\x90\x03" + body[:2] + b"\0")
                elif (seen := seen + 1) == 50:
                    return
        with Fake(serve) as fake:
            _, report = self.bench(fake.port, code=3, says="midway", within=20)
        self.assertIn("one-to-one", report["incomplete"])

    def test_one_that_refuses(self):
        with Fake(lambda client, _: client.recv(1) and client.sendall(b"\x20\x02\0\5") or client.recv(1000)) as fake:
            self.bench(fake.port, code=3, says="refuses the connection with code 5", within=20)

    def test_one_that_is_no_broker(self):
        with Fake(lambda client, _: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n") or client.recv(1000)) as fake:
            self.bench(fake.port, code=3, within=20)

    def test_a_flow_that_is_not_offered_is_left_out(self):
        with broker("--limits", "maximum_qos=1") as port:
            _, report = self.bench(port, "-V", "5", "--flow", "qos2", "--flow", "qos1", "--messages", "10")
            self.assertEqual([m["flow"] for m in report["measurements"]], ["qos1"])
            self.assertEqual([(s["flow"], s["protocol"]) for s in report["skipped"]], [("qos2", "5")])
            self.bench(port, "-V", "5", "--flow", "qos2", code=3, says="nothing could be measured", within=20)


class LossyBrokers(Bench):
    def lossy(self, answer_publish, *options, code=1, says=""):
        with Fake(polite(answer_publish)) as fake:
            result = run("bench", f"mqtt://127.0.0.1:{fake.port}", "--timeout", "400", "--report", f"json={self.folder / 'r.json'}", *options,
                         within=30)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertIn(says, result.stderr)
        return self.validate("bench", json.loads((self.folder / "r.json").read_text()))["measurements"][0]

    def test_acknowledged_and_never_delivered(self):
        m = self.lossy(lambda c, h, b: c.sendall(b"\x40\x02" + packet_id(h, b)), "--flow", "qos1", "--messages", "250",
                       says="qos1 (3.1.1): 250 of 250 deliveries are missing")
        self.assertEqual((m["published"], m["deliveries"], m["missing"], m["unacknowledged"]), (250, 0, 250, 0))

    def test_never_acknowledged(self):
        m = self.lossy(lambda c, h, b: None, "--flow", "qos2", "--time", "100ms", says="100 handshakes did not end")
        self.assertEqual((m["published"], m["unacknowledged"]), (100, 100))

    def test_acknowledged_twice(self):
        def twice(client, head, body):
            client.sendall(2 * (b"\x40\x02" + packet_id(head, body)))
        m = self.lossy(twice, "--flow", "qos1", "--messages", "50", says="50 acknowledgements of nothing under way")
        self.assertEqual((m["published"], m["stray"]), (50, 50))

    def test_qos_0_may_be_dropped_but_not_always(self):
        m = self.lossy(lambda c, h, b: None, "--flow", "one-to-one", "--messages", "5000", says="5000 of 5000 deliveries are missing")
        self.assertEqual((m["published"], m["missing"]), (5000, 5000))

    def test_some_dropped_at_qos_0_are_counted_and_the_load_goes_on(self):
        subscriber, count = [], [0]

        def forward(client, head, body):
            count[0] += 1
            if count[0] > 2500:  # more than are ever under way: the window has to open again
                subscriber[0].sendall(bytes([head, len(body)]) + body)

        def serve(client, number):
            if number == 1:
                subscriber.append(client)
            polite(forward)(client, number)
        with Fake(serve) as fake:
            _, report = self.bench(fake.port, "--flow", "one-to-one", "--messages", "6000", "--timeout", "400")
        m = report["measurements"][0]
        self.assertEqual((m["published"], m["deliveries"], m["missing"]), (6000, 3500, 2500))

    def test_a_message_that_comes_twice_at_qos_2(self):
        subscriber = []

        def forward(client, head, body):
            if head >> 4 == 3:
                client.sendall(b"\x50\x02" + packet_id(head, body))
                for _ in range(2):
                    subscriber[0].sendall(bytes([head, len(body)]) + body)
            elif head >> 4 == 6:
                client.sendall(b"\x70\x02" + body[:2])

        def serve(client, number):
            if number == 1:
                subscriber.append(client)
            polite(forward)(client, number)
        with Fake(serve) as fake:
            _, report = self.bench(fake.port, "--flow", "qos2", "--messages", "20", code=1, says="20 deliveries too many")
        self.assertEqual(report["measurements"][0]["surplus"], 20)


class Latency(Bench):
    def test_it_counts_from_when_a_message_was_to_be_sent(self):
        """The broker holds back the first PUBACK until all 400 messages were due: every latency has a share of that."""
        subscriber, first = [], [True]

        def forward(client, head, body):
            if head >> 4 != 3:
                return
            if first[0]:
                first[0] = False
                time.sleep(0.5)  # the stall itself, 0.1 s longer than the schedule
            subscriber[0].sendall(bytes([head, len(body)]) + body)
            client.sendall(b"\x40\x02" + packet_id(head, body))

        def serve(client, number):
            if number == 1:
                subscriber.append(client)
            polite(forward)(client, number)
        with Fake(serve) as fake:
            _, report = self.bench(fake.port, "--flow", "latency", "--qos", "1", "--window", "1", "--rate", "1000", "--messages", "400")
        m = report["measurements"][0]
        self.whole(m, 400)
        self.assertGreaterEqual(m["latency_p50_us"], 100_000)
        self.assertGreaterEqual(m["latency_mean_us"], 100_000)
        self.assertGreaterEqual(m["lateness_p99_us"], 100_000)  # ours too: the window was shut


class Usage(Bench):
    def test_wrong_options(self):
        target = ["bench", "mqtt://127.0.0.1:1"]
        for options, says in (
            (["--flow", "sideways"], "is no flow"),
            (["--time", "soon"], "--time soon"),
            (["--time", "0s"], "--time 0s"),
            (["--time", "5 parsecs"], "--time"),
            (["--qos", "3"], "--qos"),
            (["--size", "-1"], "--size"),
            (["--rate", "0"], "--rate"),
            (["--window", "65536"], "--window"),
            (["--messages", "0"], "--messages"),
            (["--pid", "1073741823"], "no such process"),
            (["-V", "6"], "--protocol-version"),
            (["--report", "junit=x"], "junit"),
            (["--report", "json=/nowhere/at/all.json"], "/nowhere/at/all.json"),
            (["--clients", "1000000", "--flow", "idle"], "ulimit -n") if os.geteuid() else (["--nothing"], "--nothing"),
        ):
            self.expect(2, *target, *options, says=says, within=20)

    def test_a_target_is_needed(self):
        self.expect(2, "bench", says="a target is missing")

    def test_help(self):
        text = run("bench", "--help").stdout
        for part in ("--flow", "fan-out", "--pid", "--rate", "--report"):
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
