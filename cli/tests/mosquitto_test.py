#!/usr/bin/env -S /usr/bin/python3 -B
"""The real thing: Debian's mosquitto under test, and mosquitto's clients at the reference broker.

What the suite finds in mosquitto 2.0.11 is pinned in corpus/baselines, each entry with its reason (docs/brokers.md).
After a change: mqttspec test mqtt://... --strict --baseline FILE --update-baseline, then write the reasons.
"""
import contextlib
import re
import shutil
import subprocess
import unittest

from harness import TOP, ProgramTest, broker, environment, free_port, run, wait_for_port

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
CONFIGURATIONS = {
    "default": "",  # as the packager ships it: Receive Maximum 20 and so on
    "open": "max_queued_messages 0\nmax_inflight_messages 0\n",
}


@contextlib.contextmanager
def mosquitto(folder, configuration):
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n"
                      f"log_dest stderr\nuser root\n{configuration}")
    process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


class MosquittoUnderTest(ProgramTest):
    def judged(self, name):
        baseline = TOP / f"corpus/baselines/mosquitto-2.0.11-{name}.toml"
        self.assertTrue(baseline.exists(), f"{baseline} is missing")
        self.assertNotIn("not looked at yet", baseline.read_text(), "an entry without a reason of its own")
        with mosquitto(self.folder, CONFIGURATIONS[name]) as port:
            result = run("test", f"mqtt://127.0.0.1:{port}", "--strict", "--baseline", str(baseline))
        self.assertEqual(result.returncode, 0, result.stdout[-6000:] + result.stderr)
        self.assertNotRegex(result.stdout, r"(?m)^gone", "what no longer fails has to leave the baseline")

    def test_default_limits(self):
        self.judged("default")

    def test_wide_open(self):
        self.judged("open")


class MosquittosClients(ProgramTest):
    """mosquitto_sub waits for a message, mosquitto_pub sends it."""

    def setUp(self):
        super().setUp()
        logins = run("broker", "--hash-password", "username", stdin="password\n").stdout
        self.broker = self.enterContext(broker("--login-file", self.write("logins", logins), "--log", "quiet"))
        self.login = ["-h", "localhost", "-p", str(self.broker), "-u", "username", "-P", "password"]

    def subscribed(self, *options):
        """A subscriber that ends after one message, once SUBACK has come."""
        process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-d", "-C", "1", "-W", "20", *self.login, *options],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
        for line in process.stdout:
            if "SUBACK" in line or "Subscribed" in line:
                return process
        self.fail(f"no SUBACK; ended with {process.wait()}")

    def publish(self, *options, code=0):
        result = subprocess.run(["mosquitto_pub", *self.login, *options], capture_output=True, text=True, timeout=20)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def received(self, process, text):
        output = process.communicate(timeout=30)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertRegex(output, rf"(?m)^{re.escape(text)}$")

    def test_every_version_and_qos(self):
        for version in ("mqttv31", "mqttv311", "mqttv5"):
            for qos in "012":
                with self.subTest(version=version, qos=qos):
                    options = ["-t", f"test/{version}/{qos}", "-q", qos, "-V", version]
                    subscriber = self.subscribed(*options)
                    self.publish(*options, "-m", "Message")
                    self.received(subscriber, "Message")

    def test_retained(self):
        for version in ("mqttv311", "mqttv5"):
            options = ["-t", f"kept/{version}", "-V", version]
            self.publish(*options, "-q", "1", "-r", "-m", "kept")
            self.received(subprocess.Popen(["mosquitto_sub", "-C", "1", "-W", "20", *self.login, *options], stdout=subprocess.PIPE,
                                           text=True), "kept")

    def test_will(self):
        for version in ("mqttv311", "mqttv5"):
            with self.subTest(version=version):
                listener = self.subscribed("-t", f"will/{version}", "-V", version)
                dying = self.subscribed("-t", "nothing", "-V", version, "--will-topic", f"will/{version}", "--will-payload", "gone")
                dying.kill()
                dying.communicate()
                self.received(listener, "gone")

    def test_wrong_password(self):
        self.login[-1] = "wrong"
        for version, code in (("mqttv31", 4), ("mqttv311", 4), ("mqttv5", 134)):
            refused = self.publish("-t", "test", "-m", "Message", "-V", version, code=code)
            self.assertRegex(refused.stdout + refused.stderr, r"(?i)refused|not author|bad user")

    def test_no_login(self):
        self.login = self.login[:4]
        for version in ("mqttv311", "mqttv5"):
            result = subprocess.run(["mosquitto_pub", *self.login, "-t", "test", "-m", "x", "-V", version], capture_output=True, timeout=20)
            self.assertNotEqual(result.returncode, 0)


if __name__ == "__main__":
    unittest.main()
