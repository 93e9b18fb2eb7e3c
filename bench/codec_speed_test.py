#!/usr/bin/env python3
"""Asserts how fast the codec is, in instructions next to the hand-written one, and that it never allocates.

    codec_speed_test.py BUILD/bench/codec_bench        (ctest codec_speed; needs valgrind)

One callgrind run: its dumps hold the instructions of each row (the rows "nothing" are the price of the loop and are
taken off). Instructions, not nanoseconds: they are the same on a busy machine. The goals are those of issue 3.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

CALLS = 200
DECODE, ENCODE, ENCODE_ITEMS = 1.25, 1.4, 1.9
SMALL, SLACK = 60, 20  # below SMALL instructions a ratio says little: that many more are let pass


def run_bench(bench, folder):
    """The lines that the benchmark printed, and the path of callgrind's dumps."""
    out = pathlib.Path(folder) / "dump"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--zero-before=counted_row",
               "--dump-after=counted_row", "--compress-strings=no", bench, "--count-all", str(CALLS)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"codec_speed_test: {' '.join(command)}\n{done.stderr}")
    return done.stdout.splitlines(), out


def instructions_of(dump):
    """Instructions in one dump of callgrind."""
    return int(re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M).group(1))


def measure(bench):
    """Name -> (instructions for each packet, allocations), in the order of the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        lines, out = run_bench(bench, folder)
        rows = {}
        for number, line in enumerate(lines, 1):
            name, packets, allocations = line.split()
            instructions = instructions_of(out.with_name(f"{out.name}.{number}"))
            rows[name] = (instructions / int(packets), int(allocations))
    loop = {way: rows.pop(f"nothing/-/{way}/ours")[0] for way in ("decode", "encode")}
    return {name: (n - (0 if name.startswith("STREAM") else loop[name.split("/")[2]]), allocations)
            for name, (n, allocations) in rows.items()}


def goal_of(name):
    """The most that ours/hand may be."""
    if "/decode/" in name:
        return DECODE
    return ENCODE_ITEMS if "-ITEMS/" in name else ENCODE


def judge(rows):
    """Prints the table; the names of the rows that miss a goal."""
    missed = [f"{name} allocates" for name, (_, allocations) in rows.items() if allocations]
    print(f"{'packet':44}{'hand':>8}{'ours':>8}{'ratio':>7}{'goal':>7}")
    pairs = [(n.removesuffix("/ours"), n.replace("/ours", "/hand")) for n in rows if n.endswith("/ours")]
    for title, by_hand in pairs:
        ours, hand = rows[title + "/ours"][0], rows[by_hand][0]
        goal, small = goal_of(by_hand), hand < SMALL
        good = ours <= hand + SLACK if small else ours <= goal * hand
        wanted = f"+{SLACK}" if small else f"{goal:.2f}"
        print(f"{title:44}{hand:8.0f}{ours:8.0f}{ours / hand:7.2f}{wanted:>7}{'' if good else '  MISSED'}")
        if not good:
            missed.append(f"{title}: {ours:.0f} instructions, by hand {hand:.0f}")
    if len(pairs) < 90:
        missed.append(f"only {len(pairs)} pairs of rows were measured")
    return missed


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    missed = judge(measure(sys.argv[1]))
    for line in missed:
        print("missed:", line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
