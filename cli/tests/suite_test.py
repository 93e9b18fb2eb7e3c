#!/usr/bin/env -S /usr/bin/python3 -B
"""The commands as scripts use them: reports against their schemas, exit codes, the embedded broker, bad targets."""
import json
import os
import pathlib
import select
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

from harness import PROGRAM, ProgramTest, broker, environment, free_port, odd_server, run


class Reports(ProgramTest):
    def test_results(self):
        reports = [f"json={self.folder}/r.json", f"junit={self.folder}/j.xml"]
        result = run("test", "--only", "connect.*", "--only", "ping.*", "--report", reports[0], "--report", reports[1], "--seed", "17")
        results = self.validate("results", json.loads((self.folder / "r.json").read_text()))
        self.assertEqual(results["tool"]["seed"], 17)
        self.assertIn("seed 17", result.stdout)
        self.assertEqual(sum(results["summary"].values()), len(results["cases"]))
        self.assertEqual({c["protocol"] for c in results["cases"]}, {"3.1.1", "5"})
        self.assertEqual(set(results["capabilities"]), {"3.1.1", "5"})
        verdicts = {(s["protocol"], s["id"]): s for s in results["statements"]}
        for case in results["cases"]:
            for statement in case["statements"]:
                self.assertIn(case["case"], verdicts[case["protocol"], statement]["cases"])
        tests = xml.etree.ElementTree.parse(self.folder / "j.xml").getroot().iter("testcase")
        self.assertEqual(len(list(tests)), len(results["cases"]))
        self.assertEqual(sorted(os.listdir(self.folder)), ["j.xml", "r.json"])

    def test_list_and_probe(self):
        listing = self.validate("list", json.loads(run("list", "--json").stdout))
        ids = {(s["protocol"], s["id"]) for s in listing["statements"]}
        for violation in listing["violations"]:
            for protocol in violation["protocols"]:
                self.assertIn((protocol, violation["statement"]), ids)
        self.assertEqual(len(listing["cases"]), len({c["case"] for c in listing["cases"]}))
        probed = self.validate("probe", json.loads(run("probe", "--json").stdout))
        self.assertEqual(probed["summary"]["spoken"][-2:], ["3.1.1", "5"])

    def test_proof(self):
        report = self.folder / "p.json"
        violation = "second_connect_ignored"
        result = run("prove", "--only", violation, "--report", f"json={report}", "--quiet")
        proof = self.validate("proof", json.loads(report.read_text()))
        self.assertEqual({r["violation"] for r in proof["rows"]}, {violation})
        self.assertEqual({r["verdict"] for r in proof["rows"]}, {"caught"}, result.stdout)
        self.assertIn("connect.second_connect_closes", proof["rows"][0]["caught_by"])

    def test_a_full_disk(self):
        result = run("test", "--only", "ping.*", "--report", "json=/dev/full")
        self.assertEqual(result.returncode, 4)
        self.assertEqual(result.stderr, "mqttspec: /dev/full: cannot be written: No space left on device\n")
        for command in (["list"], ["test", "--only", "ping.*"], ["explain", "MQTT-3.1.0-2"], ["decode", "--hex", "c000"]):
            with self.subTest(command), open("/dev/full", "w") as full:
                code = subprocess.run([PROGRAM, *command], stdout=full, stderr=subprocess.DEVNULL, env=environment()).returncode
                self.assertEqual(code, 4)
        self.expect(2, "test", "--only", "ping.*", "--baseline", "/dev/zero", says="/dev/zero: is larger than 256 MiB")


class Runs(ProgramTest):
    def test_a_broker_that_breaks_a_rule_is_found_out(self):
        with broker("--violate", "second_connect_ignored") as port:
            case = "connect.second_connect_closes"
            result = run("test", f"mqtt://127.0.0.1:{port}", "--only", case, "--timeout", "1000")
            self.assertEqual(result.returncode, 1, result.stdout)
            for part in (f"FAIL {case}", "MQTT-3.1.0-2", "demanded", "packets", "CONNECT", "CONNACK", f"mqtt://127.0.0.1:{port}"):
                self.assertIn(part, result.stdout)
            again = next(line for line in result.stdout.split("\n") if line.strip().startswith("again")).split("again", 1)[1]
            second = subprocess.run(again, shell=True, capture_output=True, text=True, env=environment())
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"FAIL {case}", second.stdout)
            self.baselines(port, case)

    def baselines(self, port, case):
        file = self.folder / "b.toml"
        arguments = ["test", f"mqtt://127.0.0.1:{port}", "--only", case, "--only", "ping.*", "--timeout", "1000", "--baseline", str(file)]
        self.expect(2, *arguments, says="b.toml: cannot be read")
        self.assertEqual(run(*arguments, "--update-baseline").returncode, 0)
        self.assertIn(f'case = "{case}"', file.read_text().replace("'", '"'))
        self.assertEqual(run(*arguments).returncode, 0)
        honest = run("test", "--only", case, "--baseline", str(file))
        self.assertEqual(honest.returncode, 0)
        self.assertIn(f"gone  {case}", honest.stdout)

    def test_nothing_passed_is_never_zero(self):
        self.assertEqual(run("test", "--only", "ping.*", "--repeat", "2").returncode, 0)
        report = self.folder / "r.json"
        run("test", "--report", f"json={report}")
        never = [c for c in json.loads(report.read_text())["cases"] if c["verdict"] == "skip"]
        if never:
            name, version = never[0]["case"], never[0]["protocol"]
            self.assertEqual(run("test", "--only", name, "-V", version).returncode, 1)

    def test_verbose_and_quiet(self):
        quiet = run("test", "--only", "ping.*", "--quiet")
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""))
        self.assertIn("pass  ping.", run("test", "--only", "ping.*", "--verbose").stdout)
        self.assertNotIn("\x1b", run("test", "--only", "ping.*").stdout)

    def test_profiles(self):
        file = self.folder / "p.toml"
        with broker() as port:
            self.assertEqual(run("probe", f"mqtt://127.0.0.1:{port}", "--write-profile", str(file)).returncode, 0)
            self.assertEqual(run("test", f"mqtt://127.0.0.1:{port}", "--profile", str(file), "--only", "ping.*").returncode, 0)

    def test_interrupted(self):
        report = self.folder / "r.json"
        process = subprocess.Popen([PROGRAM, "test", "--repeat", "200", "--jobs", "4", "--report", f"json={report}"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.until(lambda: os.listdir(self.folder))  # the report has its place: the run begins
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output[-1000:])
        results = self.validate("results", json.loads(report.read_text()))
        self.assertIn("interrupted", results["incomplete"])
        self.assertIn("INCOMPLETE", output)


    def until(self, condition, within=20):
        end = time.monotonic() + within
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not come to that")
            select.select([], [], [], 0.01)


class BadTargets(ProgramTest):
    def refused(self, target, says):
        begin = time.monotonic()
        result = self.expect(3, "test", target, says=says)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(result.stdout, "")

    def test_down(self):
        self.refused(f"mqtt://127.0.0.1:{free_port()}", "refused")

    def test_unknown_host(self):
        self.refused("mqtt://nowhere.invalid", "nowhere.invalid")

    def test_silent(self):
        with odd_server(b"", hang_up=False) as port:
            self.refused(f"mqtt://127.0.0.1:{port}", f"127.0.0.1:{port}")

    def test_closing_at_once(self):
        with odd_server(b"") as port:
            self.refused(f"mqtt://127.0.0.1:{port}", f"127.0.0.1:{port}")

    def test_other_protocols(self):
        for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff\xff\xff\xff\xff\xff", b"\x15\x03\x01\x00\x02\x02\x0a", b"SSH-2.0-x\r\n"):
            for hang_up in (True, False):
                with self.subTest(answer=answer, hang_up=hang_up), odd_server(answer, hang_up) as port:
                    self.refused(f"mqtt://127.0.0.1:{port}", f"127.0.0.1:{port}")

    def test_login_refused(self):
        hashed = run("broker", "--hash-password", "user", stdin="right\n").stdout
        self.assertTrue(hashed.startswith("user:$scrypt$"), hashed)
        with broker("--login-file", self.write("logins", hashed)) as port:
            self.refused(f"mqtt://user:wrong@127.0.0.1:{port}", "login refused")
            self.refused(f"mqtt://127.0.0.1:{port}", "login refused")
            good = run("test", f"mqtt://127.0.0.1:{port}", "-u", "user", "--only", "ping.*", env={"MQTTSPEC_PASSWORD": "right"})
            self.assertEqual(good.returncode, 0, good.stdout + good.stderr)

    def test_lost_midway(self):
        report = pathlib.Path(self.folder / "r.json")
        target = subprocess.Popen([PROGRAM, "broker", "--port", "0", "--log", "packets"], stdout=subprocess.PIPE, text=True, env=environment())
        port = int(target.stdout.readline().split()[1].rsplit(":", 1)[1])
        tester = subprocess.Popen([PROGRAM, "test", f"mqtt://127.0.0.1:{port}", "--repeat", "200", "--report", f"json={report}"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        for _ in range(2000):  # packets: cases are under way
            target.stdout.readline()
        target.kill()
        target.wait()
        target.stdout.close()
        _, errors = tester.communicate(timeout=60)
        self.assertEqual(tester.returncode, 3, errors)
        self.assertIn("lost midway", errors)
        self.assertIn("lost midway", json.loads(report.read_text())["incomplete"])


if __name__ == "__main__":
    unittest.main()
