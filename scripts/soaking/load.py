#!/usr/bin/env python3
"""Mixed load on the reference broker at about half of what it can do: memory stays flat, nothing is lost, no file stays open.
Usage: load.py PROGRAM MINUTES FOLDER     a line a sample in FOLDER/samples.tsv; exit code 0 or 1"""
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

PROGRAM, MINUTES, FOLDER = sys.argv[1], float(sys.argv[2]), pathlib.Path(sys.argv[3])
CAPACITY = 3.0  # seconds in which the capacity is measured


def memory(pid):
    """Resident octets."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load:
    def __init__(self, url):
        self.url, self.failures, self.deliveries, self.end = url, [], 0, time.monotonic() + MINUTES * 60

    def bench(self, *options, within):
        report = FOLDER / f"{threading.get_ident()}.json"
        run = subprocess.run([PROGRAM, "bench", self.url, "--quiet", "--report", f"json={report}", *options], capture_output=True, text=True,
                             timeout=within)
        if run.returncode != 0:
            self.failures.append(f"bench {' '.join(options)} ended with {run.returncode}: {run.stderr.strip()}")
            return {}
        measured = json.loads(report.read_text())["measurements"][0]
        self.deliveries += measured.get("deliveries") or 0
        return measured

    def again(self, *options):
        """Until the time is over, in runs of some seconds with connections of their own."""
        while time.monotonic() < self.end and not self.failures:
            self.bench(*options, within=120)

    def steady(self, rate, *options):
        """One publisher and one subscriber from the beginning to the end."""
        left = max(1, int(self.end - time.monotonic()))
        self.bench("--flow", "latency", "--rate", str(rate), "--time", f"{left}s", *options, within=left + 120)


def flat(samples):
    """The last quarter takes no more than the second one: 5 % and 4 MB are noise."""
    quarter = max(1, len(samples) // 4)
    before, after = max(samples[quarter:2 * quarter] or samples[:1]), min(samples[-quarter:])
    return before, after, after <= before * 1.05 + 4e6


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    broker = subprocess.Popen([PROGRAM, "broker", "--port", "0", "--store", str(FOLDER / "store")], stdout=subprocess.PIPE, text=True)
    try:
        load = Load(broker.stdout.readline().split()[1])
        can_do = load.bench("--flow", "qos1", "--time", f"{CAPACITY}s", within=60)
        rate = max(1.0, (can_do.get("deliveries") or 0) / CAPACITY / 8)  # a paced publisher costs more than one with a window
        began, files_before = time.monotonic(), files(broker.pid)
        cpu_before = cpu(broker.pid)
        jobs = [threading.Thread(target=load.steady, args=(rate, "--qos", "1")),
                threading.Thread(target=load.steady, args=(rate / 4, "--qos", "2", "-V", "5")),
                threading.Thread(target=load.again, args=("--flow", "churn", "--clients", "200", "--time", "2s")),
                threading.Thread(target=load.again, args=("--flow", "fan-out", "--messages", "2000", "--size", "200")),
                threading.Thread(target=load.again, args=("--flow", "idle", "--clients", "500", "--time", "2s"))]
        for job in jobs:
            job.start()
        memories = []
        with (FOLDER / "samples.tsv").open("w") as out:
            while any(job.is_alive() for job in jobs):
                time.sleep(min(5, MINUTES * 2))
                memories.append(memory(broker.pid))
                used = (cpu(broker.pid) - cpu_before) / (time.monotonic() - began)
                print(f"{time.monotonic() - began:.0f}\t{memories[-1]}\t{files(broker.pid)}\t{used:.2f}", file=out, flush=True)
        time.sleep(2)  # lingering connections
        before, after, is_flat = flat(memories)
        left = files(broker.pid) - files_before
        print(f"{load.deliveries} deliveries, {rate:.0f} per second of QoS 1 paced, {used:.0%} of a core; "
              f"memory {before / 1e6:.1f} MB in the second quarter, {after / 1e6:.1f} MB at the end; {left} files left open")
        for failure in load.failures:
            print(failure)
        return 0 if is_flat and left <= 0 and not load.failures and load.deliveries > 0 else 1
    finally:
        broker.terminate()
        broker.wait(10)


if __name__ == "__main__":
    sys.exit(main())
