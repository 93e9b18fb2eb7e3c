#!/usr/bin/env -S /usr/bin/python3 -B
"""What a wrong call comes to: one line, exit code 2; and where option values come from."""
import re
import subprocess
import unittest

from harness import ProgramTest, run


class Described(ProgramTest):
    """What `cmake --install` puts in place: bash itself completes, and man itself reads the page."""

    def complete(self, *words):
        script = self.write("completion", self.expect(0, "--completion", "bash").stdout)
        quoted = " ".join(f"'{w}'" for w in words)
        ask = f"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _mqttspec; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "--norc", "-uc", ask], capture_output=True, text=True, check=True, timeout=20, cwd=self.folder)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(self.complete("mqttspec", "pro"), ["probe", "prove"])
        self.assertEqual(self.complete("mqttspec", "replay", "--pa"), ["--password", "--password-file", "--pacing"])
        self.assertEqual(self.complete("mqttspec", "replay", "--pacing", ""), ["causal", "clock"])
        self.write("known.toml", "")
        self.assertEqual(self.complete("mqttspec", "test", "--baseline", "kn"), ["known.toml"])
        self.assertEqual(self.complete("mqttspec", "list", "--quiet", "--j"), ["--json"], "a flag takes no value")
        self.expect(2, "--completion", "csh", says="--completion csh: has to be bash")
        self.expect(2, "--manual", "list", says="take no command")

    def test_manual(self):
        page = self.write("mqttspec.1", self.expect(0, "--manual").stdout)
        lint = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True, check=True, timeout=20)
        self.assertEqual(lint.stderr, "")
        text = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True, text=True, check=True, timeout=20).stdout
        for command in ("test", "probe", "prove", "list", "explain", "broker", "decode", "bench", "replay"):
            self.assertIn(f"mqttspec {command}\n", text)
            for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", run(command, "--help").stdout, re.M):
                self.assertIn(option, text, command)


class WrongCalls(ProgramTest):
    def test_commands(self):
        self.expect(2, says="a command is missing")
        self.expect(2, "tset", says="tset: is no command; did you mean test")
        for later in ("fuzz", "report"):
            self.expect(2, later, "--help", says=f"{later}: not built yet")
            self.assertNotIn(later, run("--help").stdout.split("Subcommands:")[1].replace("reports", ""))

    def test_options(self):
        for arguments, says in (
            (["test", "--nosuch"], "--nosuch"),
            (["test", "--jobs", "0"], "--jobs"),
            (["test", "--timeout", "x"], "--timeout"),
            (["test", "--shard", "3/2"], "--shard 3/2"),
            (["test", "--shard", "1"], "--shard 1"),
            (["test", "-V", "6"], "--protocol-version 6"),
            (["test", "-V", "3.1"], "no statements of MQTT 3.1"),
            (["test", "-V", "mqttv31"], "no statements of MQTT 3.1"),
            (["test", "--only"], "--only"),
            (["test", "--only", "nosuch.*"], "--only nosuch.*: matches no case"),
            (["test", "--skip", "5/99"], "--skip 5/99: matches no case"),
            (["test", "--report", "json"], "a file is missing"),
            (["test", "--report", "html=x"], "--report html: not built yet"),
            (["test", "--report", "pdf=x"], "has to be FORMAT=FILE"),
            (["test", "--update-baseline"], "needs --baseline"),
            (["prove", "--only", "nosuch"], "matches no violation"),
            (["prove", "--report", "junit=x"], "--report junit: not built yet"),
            (["list", "extra"], "extra"),
            (["explain"], "ID"),
            (["explain", "MQTT-9.9.9-9"], "is no statement, case or violation"),  # tidy: no such id
            (["broker", "--violate", "MQTT-3.1.0-2"], "is a statement; what breaks it: "),
            (["broker", "--violate", "MQTT-6.0.0-3"], "no violation breaks it"),
            (["broker", "--violate", "nosuch"], "is no violation"),
            (["broker", "--limits", "receive_maximun=3"], "did you mean receive_maximum?"),
            (["broker", "--limits", "maximum_qos=3"], "from 0 to 2"),
            (["broker", "--limits", "retain"], "KEY=VALUE"),
            (["broker", "--bind", "0.0.0.0"], "--allow-anonymous"),
            (["broker", "--bind", "192.0.2.1", "--allow-anonymous"], "cannot listen"),
            (["broker", "--log", "loud"], "--log"),
            (["broker", "--tls-port", "1"], "a TLS listener wants a certificate (--cert)"),
            (["broker", "--tls-port", "1", "--cert", "/nonexistent"], "/nonexistent: cannot be read"),
            (["broker", "--wss-port", "1", "--cert", "/dev/null"], "/dev/null: holds no certificate"),
            (["broker", "--require-certificate"], "are for --tls-port"),
            (["broker", "--unix-socket", "/nonexistent/s", "--port", "0"], "cannot listen on /nonexistent/s: No such file"),
            (["broker", "--unix-socket", "/dev/null", "--port", "0"], "cannot listen on /dev/null: Address already in use"),
            (["broker", "--unix-socket", "x" * 200, "--port", "0"], "File name too long"),
        ):
            with self.subTest(arguments):
                self.expect(2, *arguments, says=says)

    def test_targets(self):
        for arguments, says in (
            (["localhost"], "did you mean mqtt://localhost?"),
            (["http://localhost"], "is no URL of a broker"),
            (["mqtts://h/path"], "no path"),
            (["unix://h"], "an absolute path"),
            (["unix:///s", "--ws"], "neither TLS nor WebSocket"),
            (["mqtt://"], "a host is missing"),
            (["mqtt://h:0"], "port"),
            (["mqtt://h:70000"], "port"),
            (["mqtt://[::1"], "]"),
            (["mqtt://h/path"], "no path"),
            (["mqtt://u%2:p@h"], "%"),
            (["mqtt://h", "-h", "k"], "exclude each other"),
            (["mqtt://h", "-p", "1"], "exclude each other"),
            (["-p", "70000"], "--port"),
            (["mqtt://h", "--cafile", "/nonexistent"], "/nonexistent: cannot be read"),
            (["mqtt://h", "--capath", "/nonexistent"], "/nonexistent: cannot be read"),
            (["mqtts://h", "--key", "k"], "k: a key wants its certificate too"),
            (["--cafile", "x"], "wants a TARGET"),
            (["mqtt://h", "-P", "a", "--password-file", "b"], "exclude each other"),
            (["mqtt://h", "--password-file", "/nonexistent"], "/nonexistent: cannot be read"),
        ):
            with self.subTest(arguments):
                self.expect(2, "test", *arguments, says=says)

    def test_files(self):
        for option in ("--profile", "--baseline", "--config"):
            self.expect(2, "test", "mqtt://127.0.0.1:1", option, "/nonexistent", says="/nonexistent: cannot be read")
            bad = self.write("bad.toml", "a = [")
            self.expect(2, "test", "mqtt://127.0.0.1:1", option, bad, says="bad.toml:1: ")
        unknown = self.write("unknown.toml", '[[expected]]\ncase = "no.case"\nprotocol = "5"\nverdict = "fail"\nreason = "r"\n')
        self.expect(2, "test", "--baseline", unknown, says="no.case: is no case")
        self.expect(2, "test", "--report", "json=/nonexistent/r.json", says="/nonexistent/r.json: cannot be written")
        self.expect(2, "test", "--report", f"json={self.folder}", says="is a folder")
        self.expect(2, "broker", "--login-file", self.write("logins", "a:b\n"), says="logins:1: ")
        self.expect(2, "broker", "--acl", self.write("acl", "\ntopik x\n"), says="acl:2: ")
        self.expect(2, "broker", "--acl", "/nonexistent", says="/nonexistent: cannot be read")

    def test_secrets_are_masked(self):
        for arguments in (["mqtt://u:s3cret@h:0"], ["mqtt://u:s3cret@h/x"], ["http://u:s3cret@h"], ["mqtt://u:s3cret@127.0.0.1:1"],
                          ["mqtt://127.0.0.1:1", "-u", "u", "-P", "s3cret"], ["mqtt://u:s3cret@h", "--dry-run", "--only", "ping.*"]):
            result = run("test", *arguments)
            self.assertNotIn("s3cret", result.stdout + result.stderr, arguments)


class Sources(ProgramTest):
    def plan(self, *arguments, **env):
        result = run("test", "--dry-run", *arguments, env=env)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_flag_beats_environment_beats_config(self):
        config = self.write("c.toml", 'jobs = 5\nseed = 11\n[test]\njobs = 7\nonly = ["ping.*", "connect.*"]\n[prove]\njobs = 2\n')
        self.assertIn("7 at a time", self.plan("--config", config))
        self.assertIn("seed     11", self.plan("--config", config))
        self.assertIn("9 at a time", self.plan("--config", config, MQTTSPEC_JOBS="9"))
        self.assertIn("3 at a time", self.plan("--config", config, "--jobs", "3", MQTTSPEC_JOBS="9"))
        self.assertIn("7 at a time", self.plan(MQTTSPEC_CONFIG=config))

    def test_lists(self):
        both = self.plan("--only", "ping.*", "--only", "connect.*")
        self.assertEqual(self.cases(both), self.cases(self.plan(MQTTSPEC_ONLY="ping.*,connect.*")))
        config = self.write("c.toml", 'only = ["ping.*", "connect.*"]\n')
        self.assertEqual(self.cases(both), self.cases(self.plan("--config", config)))
        self.assertNotEqual(self.cases(both), self.cases(self.plan("--only", "ping.*")))

    @staticmethod
    def cases(plan):
        return next(line for line in plan.split("\n") if line.startswith("cases")).split(",")[0]

    def test_targets(self):
        self.assertIn("target   embedded\n", self.plan())
        self.assertIn("target   mqtt://h:1883\n", self.plan("-h", "h"))
        self.assertIn("target   mqtt://127.0.0.1:99\n", self.plan("-p", "99"))
        self.assertIn("target   mqtt://u:***@[::1]:5\n", self.plan("mqtt://u:p@[::1]:5"))
        self.assertIn("target   mqtt://env:7\n", self.plan(MQTTSPEC_TARGET="mqtt://env:7"))
        self.assertIn("target   mqtt://flag:1883\n", self.plan("-h", "flag", MQTTSPEC_TARGET="mqtt://env:7"))
        self.assertIn("target   mqtt://env:8\n", self.plan("-p", "8", MQTTSPEC_TARGET="mqtt://env:7"))
        self.assertIn("target   mqtt://u:***@h:1883\n", self.plan("-h", "h", "-u", "u", MQTTSPEC_PASSWORD="x"))
        self.assertIn("target   mqtt://u:***@h:1883\n", self.plan("-h", "h", "-u", "u", "--password-file", self.write("pw", "x\n")))
        self.assertIn("target   mqtt://u:***@h:1883\n", self.plan("mqtt://u@h", MQTTSPEC_PASSWORD="x"))

    def test_versions(self):
        listed = {v: run("test", "--list", "-V", v).stdout for v in ("3.1.1", "mqttv311", "4", "5", "mqttv5", "5.0", "all", "3.1.1,5")}
        self.assertEqual(listed["3.1.1"], listed["mqttv311"])
        self.assertEqual(listed["3.1.1"], listed["4"])
        self.assertEqual(listed["5"], listed["mqttv5"])
        self.assertEqual(listed["5"], listed["5.0"])
        self.assertEqual(listed["all"], listed["3.1.1"] + listed["5"])
        self.assertEqual(listed["all"], listed["3.1.1,5"])

    def test_mistakes_are_named(self):
        self.expect(2, "test", env={"MQTTSPEC_JOBS": "x"}, says="MQTTSPEC_JOBS: ")
        self.expect(2, "test", "--config", self.write("c.toml", "\njosb = 3\n"), says="c.toml:2: josb: is no option; did you mean jobs")
        self.expect(2, "test", "--config", self.write("d.toml", "[test]\njobs = 'x'\n"), says="d.toml:2: test.jobs: ")

    def test_help_and_version(self):
        self.assertRegex(self.expect(0, "--version").stdout, r"^mqttspec \d+\.\d+\.\d+ \(\S+\)\n$")
        for command in ("test", "probe", "prove", "list", "explain", "broker", "decode"):
            self.assertIn("--help", self.expect(0, command, "--help").stdout)
        self.assertIn("-h,--host", run("test", "--help").stdout)
        self.assertIn("any TLS option means TLS", run("test", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
