#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec replay: fifty devices recorded on mosquitto, sent to mosquitto again, and to the reference broker right and wrong.

What is expected comes from the script that made the capture (scripts/record-devices), and from tshark.
"""
import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import unittest
import xml.etree.ElementTree

from harness import PROGRAM, TOP, ProgramTest, broker, environment, free_port, run
from mosquitto_test import mosquitto

CAPTURES = TOP / "corpus/captures"
DEVICES = str(CAPTURES / "own__devices_lo.pcap")
PORT = 55137  # of the recorded mosquitto
PROMPT = "set_tcp_nodelay true\n"  # without it each exchange takes 40 ms


def from_server():
    """Packets of the recorded server by type, as tshark counts them."""
    out = subprocess.run(["tshark", "-n", "-r", DEVICES, "-d", f"tcp.port=={PORT},mqtt", "-Y", f"mqtt && tcp.srcport=={PORT}",
                          "-T", "fields", "-e", "mqtt.msgtype"], capture_output=True, text=True, check=True, timeout=60).stdout
    return collections.Counter(out.replace(",", "\n").split())


class ReplayTest(ProgramTest):
    def replay(self, code, port, *options, capture=DEVICES, within=120):
        """The validated JSON report."""
        path = self.folder / "replay.json"
        result = run("replay", capture, f"mqtt://127.0.0.1:{port}", "--report", f"json={path}", *options, within=within)
        self.assertEqual(result.returncode, code, result.stdout[-3000:] + result.stderr[-2000:])
        return self.validate("replay", json.loads(path.read_text()))

    def kinds(self, report):
        return collections.Counter((d["verdict"], d["type"], d["fields"]) for d in report["differences"])


class RecordAndReplay(ReplayTest):
    def test_mosquitto_again(self):
        """Ten times to one broker, which keeps what the runs before left; then in the time it took."""
        sent = from_server()
        with mosquitto(self.folder, PROMPT) as port:
            for _ in range(10):
                report = self.replay(0, port)
                self.assertEqual(report["summary"]["match"], sum(sent.values()))
                self.assertEqual(len(report["answers"]), sum(sent.values()))
                self.assertEqual(report["skipped"], [])
            types = collections.Counter(a["type"] for a in report["answers"])
            self.assertEqual(types["CONNACK"], sent["2"])
            self.assertEqual(types["PUBLISH"], sent["3"])
            self.assertEqual(types["PUBREL"], sent["6"])
            begin = time.monotonic()
            self.assertEqual(self.replay(0, port, "--speed", "1")["summary"]["match"], sum(sent.values()))
            self.assertGreater(time.monotonic() - begin, 1.5)  # the recording took 1.8 s

    def test_by_the_clock(self):
        with mosquitto(self.folder, PROMPT) as port:
            self.replay(0, port, "--pacing", "clock")

    def test_other_names(self):
        """Beside the devices themselves, on the same broker."""
        with mosquitto(self.folder, PROMPT) as port:
            report = self.replay(0, port, "--client-id-prefix", "R-", "--topic-map", "plant/=test/plant/")
            topics = {a["topic"].split("/")[0] for a in report["answers"] if a["type"] == "PUBLISH"}
            self.assertEqual(topics, {"test", "jobs", "overlap"})

    def test_the_reference_broker_differs_by_choice_alone(self):
        with broker() as port:
            report = self.replay(0, port)
        self.assertEqual(report["summary"]["match"], sum(from_server().values()))
        choices = {a["choice"].split(";")[0].split(":")[0] for a in report["answers"]} - {""}
        self.assertEqual(choices, {"overlapping subscriptions", "the member of a shared subscription that gets it (4.8.2)"})


class Violations(ReplayTest):
    """Each is seen as the change that it is, and nothing else is."""

    def seen(self, violation):
        with broker("--violate", violation) as port:
            return self.replay(1, port, "--timeout", "1500")

    def test_user_properties(self):
        report = self.seen("user_properties_dropped")  # ten pictures of devices of 5.0, to one viewer of 5.0
        self.assertEqual(self.kinds(report), {("changed", "PUBLISH", "user property"): 10})
        self.assertTrue(all(d["topic"].endswith("/picture") for d in report["differences"]))

    def test_wills(self):
        report = self.seen("will_missing_on_cut")  # of four devices, to three who listen
        self.assertEqual(self.kinds(report), {("missing", "PUBLISH", ""): 12})
        self.assertEqual({d["topic"] for d in report["differences"]}, {f"plant/device-{n:02}/status" for n in (0, 5, 10, 15)})

    def test_sessions(self):
        report = self.seen("persistent_session_lost")  # archive and twin come back for five alarms each
        kinds = self.kinds(report)
        self.assertEqual(kinds[("changed", "CONNACK", "session present")], 2)
        self.assertEqual(kinds[("missing", "PUBLISH", "")], 10)
        self.assertEqual({d["client"] for d in report["differences"]}, {"archive", "twin"})


class Scenarios(ReplayTest):
    def extract(self):
        path = str(self.folder / "devices.scenario")
        self.expect(0, "replay", DEVICES, "--extract", path, says="61 sessions")
        return path

    def test_are_readable_and_hide_secrets(self):
        with open(self.extract(), encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("not-so-secret", text)
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(lines[0]["schema"], "mqttspec.scenario/1")
        connects = [line for line in lines if line.get("type") == "CONNECT"]
        self.assertEqual(len(connects), 61)
        self.assertEqual(sum(c["fields"].get("password") == "***" for c in connects), 17)  # every third of fifty

    def test_replay_without_the_capture(self):
        path = self.extract()
        with mosquitto(self.folder, PROMPT) as port:
            self.expect(2, "replay", path, f"mqtt://127.0.0.1:{port}", says="is masked; give it: --logins FILE or -u and -P")
            report = self.replay(0, port, "-u", "sensor", "-P", "other", capture=path)
            self.assertEqual(report["summary"]["match"], sum(from_server().values()))
            logins = self.write("logins.toml", '[[login]]\nclient = "device-*"\nuser_name = "sensor"\npassword = "x"\n')
            self.replay(0, port, "--logins", logins, capture=path)

    def test_may_be_edited(self):
        path = self.extract()
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines(keepends=True)
        at = next(i for i, line in enumerate(lines) if '"step":"expect"' in line and '"payload":"20.4"' in line)
        lines[at] = lines[at].replace('"payload":"20.4"', '"payload":"99.9"')
        edited = self.write("edited.scenario", "".join(lines))
        with mosquitto(self.folder, PROMPT) as port:
            report = self.replay(1, port, "-u", "a", "-P", "b", "--timeout", "1000", capture=edited)
        self.assertEqual(self.kinds(report), {("changed", "PUBLISH", "payload"): 1})
        self.assertIn('payload="99.9"', report["differences"][0]["expected"])
        self.assertIn('payload="20.4"', report["differences"][0]["actual"])

    def test_mistakes_are_named(self):
        for text, says in ((':3: QoS: 9 is no number from 0 to 3', '"QoS":9'), (':3: hex: has to be', '"hex":"3"')):
            fields = f'"type":"PUBLISH","fields":{{{says}}}' if "QoS" in says else says
            path = self.write("bad.scenario", '{"schema":"mqttspec.scenario/1"}\n{"session":"a"}\n'
                              f'{{"step":"send","session":"a",{fields}}}\n')
            self.expect(2, "replay", path, "mqtt://127.0.0.1:1", says=text)


class Outcome(ReplayTest):
    def test_baseline(self):
        baseline = str(self.folder / "known.toml")
        with broker("--violate", "user_properties_dropped") as port:
            self.replay(0, port, "--baseline", baseline, "--update-baseline")
            self.replay(0, port, "--baseline", baseline)
        with broker() as port:
            result = run("replay", DEVICES, f"mqtt://127.0.0.1:{port}", "--baseline", baseline)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("\ngone ") + result.stdout.startswith("gone "), 10)
        with broker("--violate", "will_missing_on_cut") as port:
            self.replay(1, port, "--baseline", baseline, "--timeout", "1000")

    def test_reports(self):
        junit, html, md = (self.folder / f"r.{kind}" for kind in ("xml", "html", "md"))
        with broker("--violate", "user_properties_dropped") as port:
            self.replay(1, port, "--report", f"junit={junit}", "--report", f"html={html}", "--report", f"md={md}")
        root = xml.etree.ElementTree.parse(junit).getroot()
        suite = root.find("testsuite")
        self.assertEqual(suite.get("tests"), "61")  # a case for each connection; only the viewer's fails
        self.assertEqual(suite.get("failures"), "1")
        self.assertEqual(len(root.findall(".//failure")), 10)
        self.assertIn("user property", html.read_text())
        self.assertNotIn("not-so-secret", html.read_text() + junit.read_text() + md.read_text())
        self.assertEqual(md.read_text().count("\n| changed |"), 10)
        subprocess.run(["xmllint", "--html", "--noout", str(html)], check=True, capture_output=True)

    def test_two_runs(self):
        right, wrong = str(self.folder / "right.json"), str(self.folder / "wrong.json")
        for path, options in ((right, ()), (wrong, ("--violate", "user_properties_dropped"))):
            with broker(*options) as port:
                run("replay", DEVICES, f"mqtt://127.0.0.1:{port}", "--report", f"json={path}")
        self.expect(0, "replay", "--diff-runs", right, right)
        out = str(self.folder / "diff.json")
        self.expect(1, "replay", "--diff-runs", right, wrong, "--report", f"json={out}", says="user property")
        with open(out, encoding="utf-8") as file:
            report = self.validate("replay", json.load(file))
        self.assertEqual(self.kinds(report), {("changed", "PUBLISH", "user property"): 10})
        self.expect(0, "replay", "--diff-runs", right, wrong, "--ignore", "user property")
        self.expect(2, "replay", "--diff-runs", right, DEVICES, says="is no result of `mqttspec replay")

    def test_outputs_take_no_place_that_is_taken(self):
        """Two reports into one file, and reports over what the run reads: told before anything is sent."""
        mine = str(self.folder / "mine.pcap")
        shutil.copyfile(DEVICES, mine)
        link = str(self.folder / "link")
        os.symlink(mine, link)
        same, known = str(self.folder / "same"), self.write("known.toml", "")
        with broker() as port:
            target = f"mqtt://127.0.0.1:{port}"
            for options, says in (
                (("--report", f"json={same}", "--report", f"junit={self.folder}/./same"), "is written by this run already"),
                (("--report", f"json={known}", "--baseline", known), "is read by this run"),
                (("--report", f"json={known}", "--baseline", known, "--update-baseline"), "is written by this run already"),
                (("--report", f"json={link}",), "is read by this run"),
                (("--extract", mine,), "is read by this run"),
            ):
                self.expect(2, "replay", mine, target, *options, says=says)
        self.assertEqual(pathlib.Path(mine).read_bytes(), pathlib.Path(DEVICES).read_bytes())
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["known.toml", "link", "mine.pcap"])
        self.assertEqual(pathlib.Path(known).read_text(), "")

    def test_ignored_fields_have_to_be_some(self):
        self.expect(2, "replay", DEVICES, "mqtt://127.0.0.1:1", "--ignore", "qos", says="no such field; there are: DUP, QoS, RETAIN")

    def test_inspect(self):
        result = self.expect(0, "replay", str(CAPTURES / "own__d_midstream.pcap"), "--inspect", says="2 sessions, 0 can be replayed")
        self.assertEqual(result.stdout.count("not replayed: its CONNECT is not known"), 2)
        self.expect(0, "replay", DEVICES, "--inspect", says="61 sessions, 61 can be replayed")


class Targets(ReplayTest):
    def test_that_are_not_there(self):
        self.expect(3, "replay", DEVICES, f"mqtt://127.0.0.1:{free_port()}", says="cannot be reached: refused")

    def test_that_say_nothing(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            begin = time.monotonic()
            self.expect(3, "replay", DEVICES, f"mqtt://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "500", "--no-prepare",
                        says="accepts the connection, but says nothing")
            self.assertLess(time.monotonic() - begin, 20)

    def test_that_end_every_connection(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(200)
            process = subprocess.Popen([PROGRAM, "replay", DEVICES, f"mqtt://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "500"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
            listener.settimeout(0.05)
            while process.poll() is None:
                with contextlib.suppress(OSError):
                    listener.accept()[0].close()
            err = process.communicate()[1]
            self.assertEqual(process.returncode, 3, err)
            self.assertIn("ends the connection without a word", err)

    def test_that_send_without_end(self):
        """Bounded: what nobody expects is not kept for ever."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(200)
            process = subprocess.Popen([PROGRAM, "replay", DEVICES, f"mqtt://127.0.0.1:{listener.getsockname()[1]}", "--timeout", "2000",
                                        "--no-prepare"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
            peer = listener.accept()[0]
            peer.recv(1000)
            publish = b"\x30\x83\x20\x00\x01a" + b"x" * 4096  # 4099 octets behind the header
            with contextlib.suppress(OSError):
                peer.sendall(b"\x20\x02\x00\x00")
                while True:
                    peer.sendall(publish * 100)
            err = process.communicate(timeout=60)[1]
            peer.close()
            self.assertEqual(process.returncode, 3, err)
            self.assertIn("sends more than 64 MiB that the capture does not have", err)

    def test_that_die_midway(self):
        with mosquitto(self.folder, "") as port:
            process = subprocess.Popen([PROGRAM, "replay", DEVICES, f"mqtt://127.0.0.1:{port}", "--speed", "0.5", "--timeout", "1000"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
            time.sleep(1.0)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, out[-500:] + err)
        self.assertIn("cannot be reached", err)

    def test_that_refuse_the_login(self):
        logins = run("broker", "--hash-password", "sensor", stdin="right\n").stdout
        with broker("--login-file", self.write("logins", logins)) as port:
            self.expect(3, "replay", DEVICES, f"mqtt://127.0.0.1:{port}", says="login refused")
            self.replay(0, port, "-u", "sensor", "-P", "right")

    def test_interrupted(self):
        report = self.folder / "r.json"
        with mosquitto(self.folder, "") as port:
            process = subprocess.Popen([PROGRAM, "replay", DEVICES, f"mqtt://127.0.0.1:{port}", "--speed", "0.1", "--report", f"json={report}"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 130, process.stderr.read())
            process.stdout.close(), process.stderr.close()
        self.assertEqual(self.validate("replay", json.loads(report.read_text()))["incomplete"], "interrupted")


class Usage(ReplayTest):
    def test_mistakes(self):
        for arguments, says in (((), "CAPTURE is missing"), ((DEVICES,), "a target is missing"),
                                (("/nonexistent", "mqtt://h"), "/nonexistent: cannot be read"),
                                ((DEVICES, "mqtt://h", "--speed", "fast"), "--speed fast: has to be a number above 0, or max"),
                                ((DEVICES, "mqtt://h", "--max-gap", "long"), "--max-gap long: has to be a time"),
                                ((DEVICES, "mqtt://h", "--topic-map", "a"), "--topic-map a: has to be FROM=TO"),
                                ((DEVICES, "mqtt://h", "--diff", "all"), "--diff"), ((DEVICES, "mqtt://h", "--pacing", "none"), "--pacing"),
                                ((DEVICES, "mqtt://h", "--sessions", "nobody"), "no session in it can be replayed"),
                                ((DEVICES, "mqtt://h", "--update-baseline"), "needs --baseline"),
                                ((DEVICES, "mqtt://h", "--report", "tap=x"), "--report tap"),
                                ((DEVICES, "mqtt://h", "--report", "json=/nonexistent/x"), "/nonexistent/x: cannot be written"),
                                ((DEVICES, "mqtt://h", "--logins", "/nonexistent"), "/nonexistent: cannot be read"),
                                ((str(CAPTURES / "own__d_midstream.pcap"), "mqtt://h"), "no session in it can be replayed"),
                                ((str(TOP / "README.md"), "mqtt://h"), "README.md")):
            with self.subTest(arguments):
                self.expect(2, "replay", *arguments, says=says)


if __name__ == "__main__":
    unittest.main()
