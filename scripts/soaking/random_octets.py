#!/usr/bin/env python3
"""Random octets from 100 connections at a time: the broker goes on serving, and its memory stays bounded.
Usage: random_octets.py PROGRAM MINUTES [SEED]     best with a build that has sanitizers; exit code 0 or 1"""
import random
import re
import pathlib
import selectors
import socket
import subprocess
import sys
import time

PROGRAM, MINUTES = sys.argv[1], float(sys.argv[2])
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
MOST_MEMORY = 700e6  # a sanitizer's own included
VALID = [bytes.fromhex(h) for h in (
    "101000044d5154540402003c0004616263", "101100044d5154540502003c000004616263", "3006000174616263", "3208000174000161626364", "8206000100017400",
    "820700010000017402", "c000", "e000", "40020001", "50020001", "62020001", "70020001", "a2050001000174", "f000")]


def garbage(dice):
    """Pure noise, or packets with some octets changed, cut or doubled."""
    if dice.random() < 0.3:
        return dice.randbytes(dice.randrange(1, 2000))
    octets = bytearray(b"".join(dice.choice(VALID) for _ in range(dice.randrange(1, 20))))
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(octets))
        octets[at:at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
        if not octets:
            return b"\0"
    return bytes(octets)


def memory(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def main():
    dice = random.Random(SEED)
    print(f"seed {SEED}", flush=True)
    broker = subprocess.Popen([PROGRAM, "broker", "--port", "0"], stdout=subprocess.PIPE, text=True)
    url = broker.stdout.readline().split()[1]
    port = int(url.rsplit(":", 1)[1])
    lines, sent, connections, highest = selectors.DefaultSelector(), 0, 0, 0
    end, look = time.monotonic() + MINUTES * 60, 0
    try:
        while time.monotonic() < end and broker.poll() is None:
            while len(lines.get_map()) < 100:
                line = socket.create_connection(("127.0.0.1", port), 10)
                line.setblocking(False)
                lines.register(line, selectors.EVENT_READ | selectors.EVENT_WRITE)
                connections += 1
                if dice.random() < 0.7:
                    line.send(VALID[dice.randrange(2)])
            for key, mask in lines.select(1):
                try:
                    if mask & selectors.EVENT_READ and not key.fileobj.recv(65536):
                        raise ConnectionResetError
                    if mask & selectors.EVENT_WRITE:
                        sent += key.fileobj.send(garbage(dice))
                except BlockingIOError:
                    pass
                except OSError:
                    lines.unregister(key.fileobj)
                    key.fileobj.close()
            if time.monotonic() > look:
                look = time.monotonic() + 1
                highest = max(highest, memory(broker.pid))
        alive = broker.poll() is None
        serves = alive and subprocess.run([PROGRAM, "test", url, "--only", "ping.*", "--quiet"], timeout=60).returncode == 0
        print(f"{connections} connections, {sent} octets, at most {highest / 1e6:.0f} MB; "
              + ("it serves" if serves else "it does not serve" if alive else f"it ended with {broker.returncode}"))
        broker.terminate()
        clean = broker.wait(20) == 0  # a sanitizer that found a leak says no
        return 0 if serves and clean and connections > 100 and highest < MOST_MEMORY else 1
    finally:
        broker.kill()


if __name__ == "__main__":
    sys.exit(main())
