#!/usr/bin/env -S /usr/bin/python3 -B
"""The reference broker and the suite over TLS, WebSocket, WSS, IPv6 and Unix sockets; certificates; Debian's mosquitto."""
import concurrent.futures
import json
import pathlib
import re
import shutil
import socket
import subprocess
import unittest

from harness import TOP, ProgramTest, certificate, environment, free_port, odd_server, run, wait_for_port, whole_broker

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
TRUST = ["--cafile", certificate("ca.crt")]
SERVER = ["--cert", certificate("server.crt"), "--key", certificate("server.key")]
EVERYTHING = ["--tls-port", "0", "--ws-port", "0", "--wss-port", "0", *SERVER]
NAMES = {"mqtt": "tcp", "mqtts": "tls", "ws": "ws", "wss": "wss", "unix": "unix"}


class TheWholeSuite(ProgramTest):
    def passes(self, url):
        scheme = url.split(":", 1)[0]
        report = self.folder / f"{scheme}.json"
        trust = TRUST if scheme in ("mqtts", "wss") else []
        result = run("test", url, *trust, "--strict", "--jobs", "16", "--report", f"json={report}")
        self.assertEqual(result.returncode, 0, url + result.stdout[-4000:] + result.stderr)
        results = self.validate("results", json.loads(report.read_text()))
        self.assertEqual({case["transport"] for case in results["cases"]}, {NAMES[scheme]})
        self.assertEqual(results["target"]["url"], url)

    def test_over_every_transport(self):
        with whole_broker(*EVERYTHING, "--unix-socket", str(self.folder / "s.sock")) as broker:
            self.assertEqual(set(broker.urls), set(NAMES))
            with concurrent.futures.ThreadPoolExecutor(2) as pool:  # a run waits more than it works
                list(pool.map(self.passes, [broker.urls[scheme] for scheme in ("mqtts", "ws", "wss", "unix")]))

    def test_over_ipv6(self):
        with whole_broker(*EVERYTHING, "--bind", "::1") as broker:
            self.assertRegex(broker.urls["mqtt"], r"^mqtt://\[::1\]:\d+$")
            self.passes(broker.urls["mqtt"])
            self.assertEqual(run("test", broker.urls["wss"], *TRUST, "--only", "ping.*").returncode, 0)


class Findings(ProgramTest):
    def test_the_command_that_runs_it_again_works(self):
        case = "connect.second_connect_closes"
        with whole_broker(*EVERYTHING, "--violate", "second_connect_ignored") as broker:
            result = run("test", broker.urls["wss"], *TRUST, "--tls-alpn", "http/1.1", "--only", case, "--timeout", "1000")
            self.assertEqual(result.returncode, 1, result.stdout)
            again = next(line for line in result.stdout.split("\n") if line.strip().startswith("again")).split("again", 1)[1]
            self.assertIn(f"{broker.urls['wss']} --cafile {TRUST[1]} --tls-alpn http/1.1", again)
            second = subprocess.run(again, shell=True, capture_output=True, text=True, env=environment())
            self.assertIn(f"FAIL {case}", second.stdout)


class Certificates(ProgramTest):
    def ping(self, url, *options):
        return ["test", url, "--only", "ping.*", *options]

    def test_who_is_trusted(self):
        with whole_broker(*EVERYTHING) as broker:
            url = broker.urls["mqtts"]
            self.expect(0, *self.ping(url, *TRUST))
            self.expect(0, *self.ping(url.replace("127.0.0.1", "localhost"), *TRUST))
            self.expect(0, *self.ping(url, "--insecure"))
            self.expect(0, *self.ping(url.replace("mqtts", "mqtt"), *TRUST))
            self.expect(3, *self.ping(url), says="the certificate is refused: unable to get local issuer certificate")
            self.expect(3, *self.ping(url, "--cafile", certificate("other-ca.crt")), says="the certificate is refused")
            self.expect(3, *self.ping(broker.urls["wss"]), says="the certificate is refused")
            self.expect(3, *self.ping(url.replace("mqtts", "mqtt")), says="without an answer to CONNECT")
            self.expect(3, *self.ping(broker.urls["mqtt"].replace("mqtt", "mqtts"), *TRUST), says="TLS handshake")

    def test_bad_servers_are_refused(self):
        for name, says in (("expired", "certificate has expired"), ("elsewhere", "the certificate is not for 127.0.0.1")):
            with whole_broker("--tls-port", "0", "--cert", certificate(f"{name}.crt"), "--key", certificate(f"{name}.key")) as broker:
                self.expect(3, *self.ping(broker.urls["mqtts"], *TRUST), says=says)
                self.expect(0, *self.ping(broker.urls["mqtts"], "--insecure"))

    def test_files_that_do_not_fit(self):
        key = certificate("other.key")
        self.expect(2, "broker", "--port", "0", "--tls-port", "0", "--cert", SERVER[1], "--key", key, says=f"{key}: is not the key of {SERVER[1]}")
        self.expect(2, "broker", "--port", "0", "--tls-port", "0", *SERVER, "--require-certificate", says="give --cafile")

    def test_a_client_certificate_is_a_login(self):
        logins = self.write("logins", run("broker", "--hash-password", "u", stdin="p\n").stdout)
        acl = self.write("acl", "user device 7\ntopic readwrite of/seven/#\n")
        own = [*TRUST, "--cert", certificate("client.crt"), "--key", certificate("client.key")]
        stranger = [*TRUST, "--cert", certificate("stranger.crt"), "--key", certificate("stranger.key")]
        with whole_broker(*EVERYTHING, *TRUST, "--require-certificate", "--login-file", logins, "--acl", acl) as broker:
            url = broker.urls["mqtts"]
            self.expect(3, *self.ping(url, *TRUST), says="certificate required")
            self.expect(3, *self.ping(url, *stranger), says="unknown CA")
            self.expect(3, *self.ping(broker.urls["mqtt"]), says="login refused")
            for options in ([], ["-u", "somebody else", "-P", "wrong"]):
                where = ["-h", "localhost", "-p", str(broker.port("mqtts")), *own, *options]
                subscriber = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-d", "-C", "1", "-W", "20", *where, "-t", "of/seven/#"],
                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
                for line in subscriber.stdout:
                    if "Subscribed" in line:
                        break
                for topic, text in (("of/eight", "not allowed"), ("of/seven/x", "allowed")):
                    subprocess.run(["mosquitto_pub", *where, "-q", "1", "-t", topic, "-m", text], check=True, timeout=20)
                rest = subscriber.communicate(timeout=30)[0]
                self.assertEqual(subscriber.returncode, 0, rest)
                self.assertRegex(rest, r"(?m)^allowed$")


class OddServers(ProgramTest):
    def test_silence_ends_in_a_time_out(self):
        with odd_server(None, hang_up=False) as port:
            self.expect(3, "probe", f"mqtts://127.0.0.1:{port}", "--insecure", says="no end of the TLS handshake within the time to connect")
            self.expect(3, "probe", f"ws://127.0.0.1:{port}", says="no end of the WebSocket handshake within the time to connect")

    def test_what_is_no_websocket(self):
        with odd_server(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", hang_up=False) as port:
            self.expect(3, "probe", f"ws://127.0.0.1:{port}", says="the answer is HTTP 403 Forbidden, 101 is wanted")
        with odd_server(b"\x20\x02\x00\x00\r\n\r\n", hang_up=False) as port:
            self.expect(3, "probe", f"ws://127.0.0.1:{port}", says="the answer is no HTTP")

    def test_what_is_no_tls(self):
        with odd_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang_up=False) as port:
            self.expect(3, "probe", f"mqtts://127.0.0.1:{port}", "--insecure", says="the other side does not speak TLS")


class UnixSockets(ProgramTest):
    def test_the_file_comes_and_goes(self):
        path = self.folder / "s.sock"
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        self.assertTrue(path.exists())
        with whole_broker("--unix-socket", str(path)) as broker:
            self.assertEqual(broker.urls["unix"], f"unix://{path}")
            self.expect(0, "test", broker.urls["unix"], "--only", "ping.*")
            self.expect(2, "broker", "--port", "0", "--unix-socket", str(path), says="Address already in use")
            self.expect(0, "test", broker.urls["unix"], "--only", "ping.*")
        self.assertFalse(path.exists())
        self.expect(3, "probe", f"unix://{path}", says="No such file or directory")

    def test_another_file_is_left_alone(self):
        path = self.write("s.sock", "precious")
        self.expect(2, "broker", "--port", "0", "--unix-socket", path, says="Address already in use")
        self.assertEqual(pathlib.Path(path).read_text(), "precious")


class Mosquitto(ProgramTest):
    """What mosquitto breaks over TCP it breaks over TLS; over WebSocket it breaks two cases more."""

    def setUp(self):
        super().setUp()
        if not MOSQUITTO:
            self.skipTest("no mosquitto")
        ports = {name: free_port() for name in ("mqtts", "ws", "wss")}
        files = f"cafile {certificate('ca.crt')}\ncertfile {SERVER[1]}\nkeyfile {SERVER[3]}\n"
        config = self.write("m.conf", f"allow_anonymous true\npersistence false\nlog_type error\nlog_dest stderr\nuser root\n"
                                      f"listener {ports['mqtts']} 127.0.0.1\n{files}"
                                      f"listener {ports['ws']} 127.0.0.1\nprotocol websockets\n"
                                      f"listener {ports['wss']} 127.0.0.1\nprotocol websockets\n{files}")
        process = subprocess.Popen([MOSQUITTO, "-c", config], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, 10)
        self.addCleanup(process.terminate)
        for port in ports.values():
            wait_for_port(port, process)
        self.urls = {name: f"{name}://localhost:{port}" for name, port in ports.items()}

    def judged(self, scheme, more):
        baseline = (TOP / "corpus/baselines/mosquitto-2.0.11-default.toml").read_text() + more
        trust = TRUST if scheme != "ws" else []
        result = run("test", self.urls[scheme], *trust, "--strict", "--jobs", "16", "--baseline", self.write("b.toml", baseline))
        self.assertEqual(result.returncode, 0, result.stdout[-6000:] + result.stderr)
        self.assertFalse(re.search(r"(?m)^gone", result.stdout), result.stdout[-3000:])

    def test_tls(self):
        self.judged("mqtts", "")

    def test_wss(self):
        more = [("errors.refusal_ends_the_connection", "5", "a DISCONNECT follows the CONNACK that refuses"),
                ("websocket.text_frame_ends_the_connection", "3.1.1", "text frames are served"),
                ("websocket.text_frame_ends_the_connection", "5", "text frames are served")]
        self.judged("wss", "".join(f'\n[[expected]]\ncase = "{case}"\nprotocol = "{protocol}"\nverdict = "fail"\nreason = "{why}"\n'
                                   for case, protocol, why in more))


if __name__ == "__main__":
    unittest.main()
