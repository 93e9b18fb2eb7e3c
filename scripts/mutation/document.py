"""docs/mutation.md: the lists of a run."""
import collections

INTRO = """# Mutation: what the codec's tests catch

Written by `{command}`. Operators are drawn with even odds, then one of their places in
the codec as it is: after a change of it, a seed gives other mutants. What does not compile is drawn again, and so is
what stands in `scripts/mutation/equivalent.tsv`, with the reason why nothing that can be observed changes. Judges, in
this order: the unit tests of the codec, one program a file; then {fuzz} s in all of the fuzz targets, from the seeds
of the corpus. A row names the first that noticed.

{summary}

| # | place | operator | before | after | found by |
|---|---|---|---|---|---|
"""


def cell(text, most=80):
    text = text.replace("|", "\\|").replace("`", "'")
    text = text if len(text) <= most else text[: most - 3] + "..."
    return f"`{text}`" if text else ""


def summary(seed, results):
    judged = [r for r in results if r["number"]]
    by = collections.Counter(r["by"] or "nothing" for r in judged)
    return (f"Seed {seed}: {len(judged)} mutants, {sum(r['verdict'] == 'killed' for r in judged)} found; "
            + ", ".join(f"{name} {n}" for name, n in by.most_common()) + ". "
            f"Drawn again: {sum(r['verdict'] == 'no build' for r in results)} that do not compile, "
            f"{sum(r['verdict'] == 'equivalent' for r in results)} equivalent ones.")


def rows(results):
    for r in results:
        if r["verdict"] == "no build":
            continue
        found = f"{r['by']}: {r['what']}" if r["by"] else f"equivalent: {r['what']}" if r["what"] else "**nothing**"
        yield "| " + " | ".join([str(r["number"] or "-"), f"{r['file']}:{r['line']}", r["operator"].replace("|", "\\|"),
                                 cell(r["before"]), cell(r["after"]), found.replace("|", "\\|")]) + " |\n"


def write(path, command, fuzz, runs):
    """`runs`: the results by seed. What stands from the first `##` on was written by hand, and stays."""
    before = path.read_text() if path.is_file() else ""
    parts = [INTRO.format(command=command, fuzz=fuzz, summary="\n".join(summary(s, r) for s, r in runs.items()))]
    for n, (seed, results) in enumerate(runs.items()):
        if n:
            parts.append(f"\nSeed {seed}:\n\n" + INTRO.rsplit("\n\n", 1)[1])
        parts += rows(results)
    by_hand = before.find("\n## ")
    path.write_text("".join(parts) + (before[by_hand:] if by_hand >= 0 else ""))
