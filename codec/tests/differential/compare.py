#!/usr/bin/env -S /usr/bin/python3 -B
"""The codec against two implementations that share nothing with it: mqtt-packet (npm) and tshark.

Encoder, decoder, printer and generator of the codec come from one description, so a misreading of the standard in it
is invisible to every round trip. Here packets of every type and version (good, damaged in one field, with octets
changed, and the hand-made faulty ones) go to all three:
  - what we take, the others have to take, and read the same fields in the same order;
  - what mqtt-packet writes of what it read has to be our octets again;
  - what we refuse, the others have to refuse, and a check on the octets alone (confirm.py) has to see the fault too.
Every class of difference is a row of differences.tsv with who is right and why. A difference without a row fails the
test; so does a row that nothing falls under with the default seed and count: the table stays true.

Usage: compare.py GENERATOR NODE_FOLDER [--seed N] [--count N] [--keep FOLDER] [--all]
  GENERATOR    the built differential_generate
  NODE_FOLDER  where scripts/setup-node has installed mqtt-packet
  --keep       leave the packets and the capture there
  --all        show an example of every class
Exit code: 0 no unexplained difference, 1 some, 2 something is missing (the line says what, and the remedy).
"""
import argparse
import collections
import csv
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import confirm
import oracles

HERE = pathlib.Path(__file__).resolve().parent
SEED, COUNT = 1, 12_000
FLAGS = {"DUP", "QoS", "RETAIN", "user name flag", "password flag", "will flag", "will retain", "will QoS",
         "clean start", "clean session", "no local", "retain as published", "retain handling"}
MAY_END_EARLY = {"PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "DISCONNECT", "AUTH"}  # 5.0: then the reason code is 0
NAMES = {3: "3.1", 4: "3.1.1", 5: "5"}

Difference = collections.namedtuple("Difference", "oracle kind version type detail")


# ---- fields ----------------------------------------------------------------------------------------------------------


def in_order(fields):
    """Flags of one octet have no order: each run of them sorted."""
    ordered, run = [], []
    for name, value in [*fields, (None, None)]:
        if name in FLAGS:
            run.append((name, value))
            continue
        ordered += sorted(run) + [(name, value)]
        run = []
    return ordered[:-1]


def ours_of(p):
    """The fields of a packet that the codec took: will properties told from the packet's own."""
    fields, will = [], False
    for name, value in p["fields"]:
        fields.append(("will: " + name if will and name not in ("will topic", "will payload") else name, value))
        if p["type"] == "CONNECT" and name in ("client identifier", "will topic"):
            will = name == "client identifier" and ["will flag", 1] in p["fields"]
    return fields


def with_defaults(fields, p):
    """Reason code 0 need not be on the wire; an empty payload is not."""
    if p["version"] == 5 and p["type"] in MAY_END_EARLY and not any(n == "reason code" for n, _ in fields):
        at = 1 if fields and fields[0][0] == "packet identifier" else 0
        fields = fields[:at] + [("reason code", 0)] + fields[at:]
    if p["type"] == "PUBLISH" and not any(n == "payload" for n, _ in fields):
        fields = fields + [("payload", "")]
    return fields


def grouped(fields):
    groups = collections.defaultdict(list)
    for name, value in fields:
        groups[name].append(value)
    return dict(groups)


def pairs(values):
    """User properties as mqtt-packet keeps them, from a name to its values, and whether it has lost any: it takes an
    empty value for none."""
    kept, lost = {}, False
    for name, value in zip(values[::2], values[1::2]):
        lost = lost or kept.get(name) == [""]
        kept[name] = [value] if kept.get(name) in (None, [""]) else kept[name] + [value]
    return kept, lost


def field_differences(ours, theirs):
    """What to call each difference between two dicts from name to values."""
    for name in sorted(set(ours) | set(theirs)):
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        if name.endswith("user property") and mine and other:
            kept, lost = pairs(mine)
            if kept == (other if isinstance(other, dict) else pairs(other)[0]):
                if lost:
                    yield f"{name}: a second value after an empty one takes its place"
                continue
        yield f"{name}: " + ("only ours" if other is None else "only theirs" if mine is None else "another value")


# ---- differences -----------------------------------------------------------------------------------------------------


def fault(p):
    """What the codec finds wrong; 3.1 has no statements to name."""
    return f"{p['statement']} {p['what']}".strip()


def refusal(p, answer):
    """An oracle's words without the type in them, and the shape of the packet that they mean."""
    why = re.sub(", must be 0x. for .* packet", "", answer["why"])
    if p["type"] == "AUTH" and p["verdict"] == "good" and len(p["hex"]) == 4:
        return why + " (remaining length 0)"
    if why == "Trailing stray characters" and any("00" in bytes.fromhex(v).hex(" ").split() for v in binary(p)):
        return why + " (octet 0 in binary data)"
    return why


def binary(p):
    return [v for n, v in p.get("fields", ()) if n in ("authentication data", "correlation data", "password")]


def verdicts(oracle, p, answer):
    """Differences about whether a packet is good, bad or not whole."""
    ours, theirs = p["verdict"], answer["verdict"]
    make = lambda kind, detail: Difference(oracle, kind, NAMES[p["version"]], p["type"], detail)
    if ours == "good" and theirs == "fault":
        yield make("refuses", refusal(p, answer))
    elif ours == "fault" and theirs == "good":
        yield make("takes", fault(p))
    elif theirs == "short" and ours != "short":
        yield make("waits", "" if ours == "good" else fault(p))
    elif ours == "short" and theirs != "short":
        yield make("does not wait", refusal(p, answer) if theirs == "fault" else "takes it")


def reads(oracle, p, answer):
    """Differences between the fields of a packet that both take."""
    make = lambda detail: Difference(oracle, "reads", NAMES[p["version"]], p["type"], detail)
    if answer["type"] != p["type"]:
        yield make(f"type {answer['type']}")
    ours, theirs = with_defaults(ours_of(p), p), answer["fields"]
    if isinstance(theirs, dict):
        yield from map(make, field_differences(grouped(ours), theirs))
        return
    theirs = with_defaults(theirs, p)
    found = list(field_differences(grouped(ours), grouped(theirs)))
    yield from map(make, found)
    if not found and in_order(ours) != in_order(theirs):
        yield make("another order")
    for value in set(answer["unnamed"]):
        yield make(f"no name for 0x{value:02x}")


def body(p):
    """The hex digits behind the fixed header."""
    return re.sub("^..([89a-f].)*..", "", p["hex"])


def writes(p, answer, again):
    """Differences between our octets and those that mqtt-packet makes of what it has read."""
    make = lambda detail: Difference("mqtt-packet", "writes", NAMES[p["version"]], p["type"], detail)
    if "again_error" in answer:
        yield make("not: " + answer["again_error"])
    elif again is not None and again["verdict"] != "good":
        yield make("what we refuse: " + again.get("statement", "cut short"))
    elif again is not None:
        ours, theirs = with_defaults(ours_of(p), p), with_defaults(ours_of(again), p)
        if in_order(ours) == in_order(theirs):
            short, long = sorted((body(p), body(again)), key=len)
            optional = p["type"] in MAY_END_EARLY and p["version"] == 5 and long in (short + "00", short + "0000")
            yield make("what may be left out" if optional else "the remaining length in fewer octets" if short == long
                       else "another form")
        elif sorted(ours) == sorted(theirs):
            yield make("another order")
        else:
            yield from map(make, field_differences(grouped(ours), grouped(theirs)))


def all_differences(packets, answers, again):
    """(difference, packet) for all of it."""
    for oracle, by_number in answers.items():
        for p in packets:
            answer = by_number[p["n"]]
            found = [*verdicts(oracle, p, answer)]
            if p["verdict"] == "good" == answer["verdict"]:
                found += reads(oracle, p, answer)
                if oracle == "mqtt-packet":
                    found += writes(p, answer, again.get(p["n"]))
            yield from ((d, p) for d in found)
    for p in packets:
        if p["verdict"] == "fault" and not confirm.confirmed(p):
            yield Difference("confirm.py", "sees no fault", NAMES[p["version"]], p["type"], p["what"]), p


# ---- the table -------------------------------------------------------------------------------------------------------


def read_table(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        if None in row.values() or not row["reason"] or row["right"] not in ("we", "they", "both"):
            sys.exit(f"compare.py: {path}: a row needs all columns, and we, they or both as right: {row}")
    return rows


def covers(row, d):
    listed = lambda column, value: row[column] == "*" or value in row[column].split(",")
    return (row["oracle"], row["kind"], row["detail"]) == (d.oracle, d.kind, d.detail) and listed(
        "versions", d.version) and listed("types", d.type)


def judge(differences, rows, show_all, want_all_rows):
    """Prints what is unexplained, and rows that nothing falls under; tells how many of both."""
    hits, unexplained, examples = collections.Counter(), collections.Counter(), {}
    for d, p in differences:
        row = next((i for i, r in enumerate(rows) if covers(r, d)), None)
        (unexplained if row is None else hits)[d if row is None else row] += 1
        if d not in examples or len(p["hex"]) < len(examples[d]["hex"]):
            examples[d] = p
    for d in sorted(examples) if show_all else ():
        print("class:", *d, "::", examples[d]["hex"][:160])
    for d, count in sorted(unexplained.items()):
        print(f"unexplained, {count} times: {' | '.join(d)}\n    smallest: {examples[d]['hex'][:400]}")
    stale = [r for i, r in enumerate(rows) if want_all_rows and not hits[i]]
    for r in stale:
        print("nothing falls under the row:", " | ".join((r["oracle"], r["kind"], r["versions"], r["types"], r["detail"])))
    return len(unexplained), len(stale), sum(hits.values()), len(hits)


# ---- running ---------------------------------------------------------------------------------------------------------


def missing(what, remedy):
    print(f"compare.py: {what}; {remedy}", file=sys.stderr)
    sys.exit(2)


def generate(generator, *arguments, **more):
    done = subprocess.run([generator, *arguments], capture_output=True, text=True, **more)
    if done.returncode:
        missing(f"{generator} ended with {done.returncode}", done.stderr.strip() or "build differential_generate")
    return [json.loads(line) for line in done.stdout.splitlines()]


def decoded_again(generator, packets, answers):
    """What we make of the octets that mqtt-packet wrote, by number, where they are not the ones it read."""
    wanted = [(p, answers[p["n"]]["again"]) for p in packets if answers[p["n"]].get("again") not in (None, p["hex"])]
    wanted = [(p, octets) for p, octets in wanted if p["verdict"] == "good"]
    lines = "".join(f"{p['version']} {octets}\n" for p, octets in wanted)
    said = generate(generator, "-", input=lines)
    return {p["n"]: found for (p, _), found in zip(wanted, said, strict=True)}


def compare(generator, modules, folder, seed, count):
    packets = generate(generator, str(seed), str(count))
    (folder / "packets.jsonl").write_text("".join(json.dumps(p) + "\n" for p in packets))
    answers = {"mqtt-packet": oracles.ask_mqtt_packet("node", HERE / "mqtt_packet.js", modules, packets),
               "tshark": oracles.ask_tshark("tshark", folder / "packets.pcap", packets)}
    again = decoded_again(generator, packets, answers["mqtt-packet"])
    return packets, list(all_differences(packets, answers, again)), answers


def numbers(packets, answers):
    verdict = collections.Counter(p["verdict"] for p in packets)
    both = sum(len(p["fields"]) * sum(a[p["n"]]["verdict"] == "good" for a in answers.values())
               for p in packets if p["verdict"] == "good")
    return (f"{len(packets)} packets ({verdict['good']} good, {verdict['fault']} faulty, {verdict['short']} cut short), "
            f"{both} fields compared")


def main():
    parse = argparse.ArgumentParser(description="The codec against mqtt-packet and tshark.")
    parse.add_argument("generator", type=pathlib.Path)
    parse.add_argument("node_folder", type=pathlib.Path)
    parse.add_argument("--seed", type=int, default=SEED)
    parse.add_argument("--count", type=int, default=COUNT)
    parse.add_argument("--keep", type=pathlib.Path)
    parse.add_argument("--all", action="store_true")
    o = parse.parse_args()
    begin, modules = time.monotonic(), o.node_folder / "node_modules"
    if not o.generator.is_file():
        missing(f"there is no {o.generator}", "build the target differential_generate")
    if not (modules / "mqtt-packet").is_dir():
        missing(f"mqtt-packet is not in {modules}", f"run scripts/setup-node {o.node_folder}")
    for program, remedy in (("tshark", "run scripts/setup"), ("node", "install nodejs 18 or later")):
        if not shutil.which(program):
            missing(f"there is no {program}", remedy)
    with tempfile.TemporaryDirectory() as temporary:
        folder = o.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        packets, differences, answers = compare(o.generator, modules, folder, o.seed, o.count)
    default = (o.seed, o.count) == (SEED, COUNT)
    bad, stale, explained, rows = judge(differences, read_table(HERE / "differences.tsv"), o.all, default)
    print(f"seed {o.seed}: {numbers(packets, answers)}, {explained} differences explained by {rows} rows, {bad} classes "
          f"unexplained, {stale} rows that nothing falls under; {time.monotonic() - begin:.1f} s")
    return 1 if bad or stale else 0


if __name__ == "__main__":
    sys.exit(main())
