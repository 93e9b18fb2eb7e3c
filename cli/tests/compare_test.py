#!/usr/bin/env -S /usr/bin/python3 -B
"""scripts/compare-brokers: its verdicts by made-up figures, and that it runs. Never how fast anything is."""
import importlib.machinery
import importlib.util
import subprocess
import unittest

from harness import PROGRAM, TOP, ProgramTest, environment

SCRIPT = TOP / "scripts/compare-brokers"


def script():
    loader = importlib.machinery.SourceFileLoader("compare_brokers", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare_brokers", loader))
    loader.exec_module(module)
    return module


def results(module, **figures):
    """Measurements of ours and mosquitto by flow: the CPU figure, or for idle (bytes, CPU)."""
    out = {}
    for flow, sides in figures.items():
        for name, rounds in zip(("ours", "mosquitto"), sides):
            out[name, flow.replace("_", "-")] = [
                {"cpu_s_per_million": r[1], "bytes_per_connection": r[0]} if isinstance(r, tuple) else {"cpu_s_per_million": r}
                for r in rounds]
    return out


class Verdicts(unittest.TestCase):
    def setUp(self):
        self.module = script()
        self.sides = [self.module.Side("ours", "3.1.1", self.module.ours), self.module.Side("mosquitto", "3.1.1", self.module.mosquitto)]

    def judge(self, **figures):
        rows, missed = self.module.judge(results(self.module, **figures), self.sides)
        return {row[0].split(",")[0]: row[3:] for row in rows[1:]}, missed

    def test_the_goals_of_the_issue(self):
        goals = {column: row[3] for column, row in self.module.COLUMNS.items()}
        self.assertEqual(goals, {"1 to 1": 1 / 50, "1 to 100": 1 / 40, "50 to 1": 1 / 17, "QoS 1": 1 / 20, "QoS 2": 1 / 20,
                                 "idle": 1.1, "connect": 0.9, "churn": None})

    def test_on_the_goal_is_met_and_above_it_missed(self):
        rows, missed = self.judge(qos1=([1.0], [20.0]), qos2=([1.001], [20.0]))
        self.assertEqual(rows, {"QoS 1": ["1/20.0", "1/20.0", "met"], "QoS 2": ["1/20.0", "1/20.0", "MISSED"]})
        self.assertEqual(missed, ["QoS 2"])

    def test_the_median_decides(self):
        rows, missed = self.judge(qos1=([9.0, 1.0, 0.9], [20.0, 21.0, 1.0]))
        self.assertEqual(missed, [])
        rows, missed = self.judge(qos1=([9.0, 9.0, 0.1], [20.0, 21.0, 22.0]))
        self.assertEqual(missed, ["QoS 1"])

    def test_idle_has_two_columns(self):
        rows, missed = self.judge(idle=([(770, 36.1)], [(700, 40.0)]))
        self.assertEqual(rows, {"idle": ["1.10", "1.10", "met"], "connect": ["0.90", "0.90", "MISSED"]})
        self.assertEqual(missed, ["connect"])

    def test_churn_has_no_goal(self):
        self.assertEqual(self.judge(churn=([99.0], [1.0])), ({"churn": ["99.00", "-", ""]}, []))

    def test_nobody_has_a_goal_beside_another_broker(self):
        self.sides[1] = self.module.Side("mosquitto", "3.1.1", self.module.other("mosquitto -p %PORT%"))
        self.assertEqual(self.judge(qos1=([99.0], [1.0])), ({"QoS 1": ["99.00", "-", ""]}, []))

    def test_the_cost_of_version_5(self):
        self.sides = [self.module.Side("ours", "5", self.module.ours), self.module.Side("mosquitto", "3.1.1", self.module.ours)]
        rows, missed = self.judge(qos1=([1.3], [1.0]), qos2=([1.4], [1.0]), idle=([(900, 9.0)], [(100, 1.0)]))
        self.assertEqual(missed, ["QoS 2"])


class Runs(ProgramTest):
    def compare(self, *options, program=PROGRAM):
        return subprocess.run([SCRIPT, "--cores", "none", *options], capture_output=True, text=True, timeout=120,
                              env=environment(MQTTSPEC_PROGRAM=program))

    def test_a_short_round(self):
        page = self.folder / "speed.md"
        done = self.compare("--rounds", "1", "--time", "50ms", "--clients", "50", "--flows", "qos1,idle", "--peer",
                            f"again={PROGRAM} broker --port %PORT%", "--write", page)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([line.split(",")[0] for line in done.stdout.split("\n")[1:4]], ["QoS 1", "idle", "connect"])
        self.assertIn("| QoS 1, s/M | ", page.read_text())

    def test_wrong_usage(self):
        self.assertEqual(self.compare("--flows", "sideways").returncode, 2)
        self.assertEqual(self.compare("--rounds", "0").returncode, 2)
        self.assertEqual(self.compare("--peer", "flashmq").returncode, 2)
        done = self.compare(program="/nowhere/mqttspec")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/mqttspec is not there", done.stderr)

    def test_a_peer_that_does_not_come_up(self):
        done = self.compare("--rounds", "1", "--flows", "qos1", "--time", "50ms", "--peer", "nobody=/bin/false %PORT%")
        self.assertEqual(done.returncode, 3)
        self.assertIn("nobody does not listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
