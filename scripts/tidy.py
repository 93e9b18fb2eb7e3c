#!/usr/bin/env -S /usr/bin/python3 -B
"""What compilers and clang-tidy do not see: sizes, braces beside co_await, statement ids, folder dependencies, stray paths.

Usage: scripts/tidy.py [FOLDER]     prints one line per finding, and the functions that are on their way to the limit with
--warn; exit code 1 where there is a finding. `tidy: no such id` in a line excuses an id that is wrong on purpose.
"""
import pathlib
import re
import subprocess
import sys

MOST_FUNCTION, WARN_FUNCTION, MOST_FILE = 70, 40, 400
CODE = {".cpp", ".hpp", ".h", ".def"}
SIZED = CODE | {".py", ".cmake", ".sh"}
TEXT = SIZED | {".md", ".txt", ".json", ".toml", ".tsv", ""}
OUTSIDE = re.compile(r"\.\./" + "shared|/work/" + "shared")
ID = re.compile(r"\b(?:MQTT-\d+\.\d+\.\d+-\d+|X-\d+(?:\.\d+)+-[a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\w*?\[-])")


def strip(source):
    """Comments, strings and characters as blanks; line breaks stay."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''

    def blank(match):
        text = match.group()
        if text[0] == "'" and re.match(r"[0-9A-Fa-f]", source[match.start() - 1 : match.start()]):
            return text  # a digit separator
        return re.sub(r"[^\n]", " ", text)

    return re.sub(pattern, blank, source, flags=re.S)


# ---- functions -------------------------------------------------------------------------------------------------------


def is_container(head):
    return bool(re.search(r"\b(namespace|class|struct|union|enum|extern)\b", head)) and not head.rstrip().endswith(")")


def functions(code):
    """(first line, number of lines) of every function body outside other functions; macros such as TEST and CASE too."""
    stack, head_begin, parentheses = [], 0, 0  # stack: (kind, where it begins, parentheses open around it)
    for at, char in enumerate(code):
        if char in "([":
            parentheses += 1
        elif char in ")]":
            parentheses = max(parentheses - 1, 0)
        elif char == ";" and not parentheses:
            head_begin = at + 1
        elif char == "{":
            head = code[head_begin:at]
            inside = bool(stack) and stack[-1][0] in ("function", "block")
            kind = "block" if inside or parentheses else "container" if is_container(head) or ")" not in head else "function"
            stack.append((kind, head_begin + len(head) - len(head.lstrip()), parentheses))
            if not parentheses:
                head_begin = at + 1
            parentheses = 0
        elif char == "}" and stack:
            kind, begin, parentheses = stack.pop()
            if re.match(r"\s*[,{]", code[at + 1 : at + 200]):
                head_begin = begin  # a member initialised in braces: the body is still to come
                continue
            if kind == "function":
                yield code.count("\n", 0, begin) + 1, code.count("\n", begin, at) + 1
            if not parentheses:
                head_begin = at + 1


# ---- co_await --------------------------------------------------------------------------------------------------------


def await_end(code, at):
    """The end of the expression that starts behind a co_await."""
    depth = 0
    for i in range(at, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and code[i] in ";,"):
            return i
    return len(code)


def brace_before(code, at):
    """The co_await stands inside a braced list of its own statement."""
    depth = 0
    for i in range(at - 1, -1, -1):
        if code[i] in ")]}":
            depth += 1
        elif code[i] in "([{":
            if depth == 0 and code[i] == "{":
                before = code[:i].rstrip()
                if re.search(r"->\s*[\w:<>,&*\s]+$", before):
                    return False  # the body of a lambda or a function
                word = re.search(r"([\w>]+|[=(,])$", before)
                return bool(word) and word.group() not in ("else", "do", "try", "const", "noexcept", "mutable")
            depth = max(depth - 1, 0)
        elif code[i] == ";" and depth == 0:
            return False
    return False


def is_lambda(code, at):
    before = code[:at].rstrip()
    return not before or not (before[-1].isalnum() or before[-1] in "_)]\"'")


def bad_awaits(code):
    for match in re.finditer(r"(?<!operator )\bco_await\b", code):
        end = await_end(code, match.end())
        braces = [i for i in range(match.end(), end) if code[i] == "{" or (code[i] == "[" and is_lambda(code, i))]
        if braces or brace_before(code, match.start()):
            yield code.count("\n", 0, match.start()) + 1


# ---- dependencies ----------------------------------------------------------------------------------------------------

# Part: what it may include of ours, and of others'. The first pattern that matches a path names its part.
PARTS = [
    (r".*/tests/.*", "tests"),
    (r"codec/.*", "codec"),
    (r"reference/(server|store|no_store|wire_log).*", "reference server"),
    (r"reference/(login|acl|hashes|no_hashes|crypto|scram|scram_logins)\..*", "reference login"),
    (r"reference/.*", "reference core"),
    (r"model/.*", "model"),
    (r"simulation/.*", "simulation"),
    (r"net/(loop|asio_loop|timers|transport|layer|tls|websocket)\.hpp", "net interface"),
    (r"net/.*", "net"),
    (r"peer/.*", "peer"),
    (r"scenario/.*", "scenario"),
    (r"replay/.*", "replay"),
    (r"conformance/cases/.*", "cases"),
    (r"conformance/.*", "conformance"),
    (r"cli/.*", "cli"),
    (r"fuzz/.*", "fuzz"),
    (r"pcap/.*", "pcap"),
    (r"bench/.*", "bench"),
]
TOOLS = {"peer", "scenario", "model", "reference core", "reference server", "net", "net interface", "codec"}
OTHERS = {
    "boost": r"boost/", "openssl": r"openssl/", "sqlite": r"sqlite3", "fmt": r"fmt/", "json": r"nlohmann/",
    "xml": r"pugixml", "toml": r"toml\+\+", "cli11": r"CLI/", "gtest": r"gtest/|rapidcheck", "benchmark": r"benchmark/",
}
ALLOWED = {
    "codec": (set(), set()),
    "reference core": ({"codec"}, set()),
    "model": ({"codec"}, set()),
    "simulation": ({"reference core", "codec", "fuzz"}, set()),
    "reference login": ({"reference core", "codec"}, {"openssl"}),
    "reference server": ({"reference core", "net", "net interface", "codec"}, {"boost", "openssl", "sqlite"}),
    "net interface": ({"codec"}, set()),
    "net": ({"net interface", "codec"}, {"boost", "openssl"}),
    "peer": ({"net interface", "codec"}, set()),
    "scenario": ({"codec"}, {"json"}),
    "cases": ({"conformance", "peer", "codec"}, set()),
    "conformance": (TOOLS, {"fmt", "json", "xml", "toml"}),
    "fuzz": (TOOLS | {"conformance", "pcap"}, {"fmt", "json", "boost"}),
    "pcap": (TOOLS | {"conformance"}, {"fmt", "json"}),
    "replay": (TOOLS | {"conformance", "pcap"}, {"fmt", "json", "xml"}),
    "bench": (TOOLS | {"conformance", "pcap"}, {"fmt", "json", "boost", "benchmark"}),
}


def part_of(path):
    return next((name for pattern, name in PARTS if re.fullmatch(pattern, path)), None)


def bad_includes(path, source):
    part = part_of(path)
    if part not in ALLOWED:  # tests, cli: everything
        return
    ours, others = ALLOWED[part]
    for number, line in enumerate(source.split("\n"), 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if not include:
            continue
        target = part_of(include.group(2)) if include.group(1) == '"' else None
        if target and target != part and target not in ours:
            yield number, f"{part} may not include {include.group(2)} ({target})"
        for name, pattern in OTHERS.items():
            if re.match(pattern, include.group(2)) and name not in others:
                yield number, f"{part} may not include <{include.group(2)}>"


# ---- everything ------------------------------------------------------------------------------------------------------


def known_ids(top):
    ids = set()
    for table, column in (("mqtt-3.1.1", 0), ("mqtt-5.0", 0), ("extra", 1)):
        lines = (top / f"corpus/statements/{table}.tsv").read_text().split("\n")[1:]
        ids |= {line.split("\t")[column] for line in lines if line}
    return ids


def check(path, source, ids, warn=False):
    """All findings of one file, as (line, text)."""
    lines = source.split("\n")
    suffix = pathlib.PurePath(path).suffix
    if suffix in SIZED and len(lines) > MOST_FILE + 1:
        yield 1, f"{len(lines) - 1} lines; a file has {MOST_FILE} at most"
    for number, line in enumerate(lines, 1):
        if OUTSIDE.search(line):
            yield number, "reaches outside the repository"
        if "tidy: no such id" not in line:
            for unknown in (i for i in ID.findall(line) if i not in ids):
                yield number, f"{unknown} is in no table of corpus/statements"
    if suffix in CODE:
        code = strip(source)
        for first, length in functions(code):
            if length > (WARN_FUNCTION if warn else MOST_FUNCTION):
                yield first, f"a function of {length} lines; {MOST_FUNCTION} at most, {WARN_FUNCTION} aimed at"
        for number in bad_awaits(code):
            yield number, "a brace or a lambda inside a co_await expression: name the object first (GCC 12)"
        yield from bad_includes(path, source)


def files(top):
    listed = subprocess.run(["git", "-C", top, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    for name in listed.stdout.split("\n"):
        path = top / name
        if name and path.is_file() and path.suffix in TEXT and not name.startswith("corpus/captures/"):
            yield name, path


def main(arguments):
    warn = "--warn" in arguments
    folders = [a for a in arguments if a != "--warn"]
    top = pathlib.Path(folders[0] if folders else __file__).resolve()
    top = top if folders else top.parent.parent
    ids, found, seen = known_ids(top), 0, 0
    for name, path in files(top):
        try:
            source = path.read_text()
        except UnicodeDecodeError:
            continue
        seen += 1
        for number, text in check(name, source, ids, warn):
            print(f"{name}:{number}: {text}")
            found += 1
    print(f"tidy: {seen} files, {found} findings")
    return 1 if found or not seen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
