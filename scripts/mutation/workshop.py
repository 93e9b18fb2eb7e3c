"""The copy of the tree in which mutants are built, and what judges them."""
import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import time

FOLDERS = ("codec", "fuzz", "reference", "bench", "cmake")
HERE = pathlib.Path(__file__).resolve().parent
# Programs that find most for their seconds come first; every other test of codec/tests stands between FIRST and LAST.
FIRST = ("vectors_test", "flags_test", "corners_test", "edges_test", "framing_test", "text_test", "print_test",
         "explain_test", "explain_rows_test")
LAST = ("round_trip_test", "hand_differential_test", "fuzz_replay_test")
OWN = {"text": "text_test", "topics": "text_test", "explain": "explain_test", "hex": "print_test",
       "print": "print_test", "visitor": "print_test", "framer": "framing_test"}
FUZZED = ("decode", "round_trip", "framing", "topics")
FUZZ_SECONDS = 60  # in all
# Reads beyond a view end a program here, as they do under ASan in scripts/test.
TEST_FLAGS = ("-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_CXX_FLAGS=-O0 -g0 -fpch-preprocess -D_GLIBCXX_ASSERTIONS")
FUZZ_FLAGS = ("-DCMAKE_CXX_COMPILER=clang++-19", "-DMQTTSPEC_TESTS=OFF",
              "-DCMAKE_CXX_FLAGS=-O1 -g0 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all")


class Broken(Exception):
    """The tree as it is does not build, or its tests do not pass."""


def shown(text, lines=12):
    return "\n".join(text.strip().split("\n")[-lines:])


class Workshop:
    def __init__(self, top, place, jobs):
        self.top, self.place, self.jobs = top, place, jobs
        self.tree, self.base = place / "tree", place / "base"
        self.seconds = {}  # of each test, with nothing wrong

    # ---- the tree as it is

    def prepare(self):
        """A tree that is built whole and passes; kept for as long as the sources are the same."""
        for tool in ("cmake", "ninja", "g++", "clang++-19"):
            if not shutil.which(tool):
                raise Broken(f"{tool} is missing; scripts/setup installs it")
        stamp = self.base / "stamp"
        print_of = self.fingerprint()
        tests = ("tests", TEST_FLAGS)
        if not (stamp.is_file() and stamp.read_text() == print_of):
            stamp.unlink(missing_ok=True)
            if self.base.exists():
                self.restore()
            self.copy_sources()
            for folder, flags in (tests, ("fuzz-build", FUZZ_FLAGS)):
                self.must("cmake", "-S", self.tree, "-B", self.tree / folder, "-G", "Ninja", *flags)
                self.must("ninja", "-j", self.jobs, "-C", self.tree / folder, *self.targets(folder))
            shutil.rmtree(self.base, ignore_errors=True)
            self.must("cp", "-a", self.tree, self.base)
        else:
            self.restore()
        for test in self.tests():
            begin = time.monotonic()
            what = self.run_test(test, 600, 1)
            if what:
                raise Broken(f"{test} fails without a mutant: {what}")
            self.seconds[test] = time.monotonic() - begin
        stamp.write_text(print_of)

    def sources(self):
        for folder in FOLDERS:
            for path in sorted((self.top / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    yield path

    def fingerprint(self):
        digest = hashlib.sha256((HERE / "CMakeLists.txt").read_bytes() + repr((TEST_FLAGS, FUZZ_FLAGS)).encode())
        for path in self.sources():
            digest.update(str(path.relative_to(self.top)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def copy_sources(self):
        """What is the same keeps its time, so that only the rest is built again."""
        wanted = {self.tree / path.relative_to(self.top): path for path in self.sources()}
        wanted[self.tree / "CMakeLists.txt"] = HERE / "CMakeLists.txt"
        for there, path in wanted.items():
            if not (there.is_file() and there.read_bytes() == path.read_bytes()):
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, there)
        for folder in FOLDERS:
            for there in (self.tree / folder).rglob("*"):
                if there.is_file() and there not in wanted:
                    there.unlink()
        corpus = self.tree / "corpus"
        if not corpus.is_symlink():
            corpus.symlink_to(self.top / "corpus")

    def must(self, *command):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
        if done.returncode:
            name = " ".join(str(c) for c in command[:5])
            raise Broken(f"{name} fails without a mutant:\n{shown(done.stdout + done.stderr, 30)}")

    def restore(self):
        """As it was built with nothing wrong, times of the files included: ninja then knows what is old."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self.must("cp", "-a", self.base, self.tree)

    def targets(self, folder):
        return self.tests() if folder == "tests" else [f"fuzz_{t}" for t in FUZZED]

    def tests(self, file=""):
        """Names of the test programs, the one that knows most of `file` first."""
        there = [p.stem for p in sorted((self.tree / "codec/tests").glob("*_test.cpp"))]
        middle = [t for t in there if t not in FIRST + LAST]
        names = [t for t in (*FIRST, *middle, *LAST) if t in there or t == "fuzz_replay_test"]
        own = next((test for word, test in OWN.items() if pathlib.PurePath(file).name.startswith(word)), None)
        return sorted(names, key=lambda t: t != own)

    # ---- a mutant

    def build(self, folder, target):
        command = ["ninja", "-j", str(self.jobs), "-C", self.tree / folder, target]
        try:
            return subprocess.run(command, capture_output=True, timeout=900).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def run_test(self, test, limit, seed):
        """What failed, or nothing."""
        def bounded():
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        environment = dict(os.environ, RC_PARAMS=f"seed={seed}", GTEST_COLOR="no", GTEST_FAIL_FAST="1", GTEST_BRIEF="1")
        try:
            done = subprocess.run([self.tree / "tests" / test], cwd=self.tree, env=environment, capture_output=True,
                                  text=True, errors="replace", timeout=limit, preexec_fn=bounded)
        except subprocess.TimeoutExpired:
            return "does not end"
        if done.returncode == 0:
            return ""
        failed = re.search(r"^\[  FAILED  \] ([\w/.]+)", done.stdout, re.M)
        return failed.group(1) if failed else f"ends with {done.returncode}"

    def run_fuzz(self, target, seconds, seed):
        """What was found, or nothing."""
        met = self.tree / f"met-{target}"
        met.mkdir(exist_ok=True)
        corpus = self.top / "corpus"
        command = [self.tree / f"fuzz-build/fuzz_{target}", f"-max_total_time={seconds}", "-timeout=10",
                   f"-seed={seed}", f"-dict={corpus}/dictionaries/{target}.dict", f"-artifact_prefix={met}/", met,
                   corpus / "seeds" / target]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
        except subprocess.TimeoutExpired:
            return "does not end"
        if done.returncode == 0:
            return ""
        why = re.search(r"what\(\): *(.*)|runtime error: (.*)|(ERROR: .*)", done.stderr)
        return next(g for g in why.groups() if g) if why else f"ends with {done.returncode}"

    def judge(self, file, text, seed):
        """(verdict, program, what): `no build`, `killed` or `survived`."""
        self.restore()
        (self.tree / file).write_text(text)
        for test in self.tests(file):
            if not self.build("tests", test):
                return "no build", test, ""
            what = self.run_test(test, 20 + 6 * self.seconds[test], seed)
            if what:
                return "killed", test, what
        for target in FUZZED:
            if not self.build("fuzz-build", f"fuzz_{target}"):
                return "no build", target, "with clang"
        for target in FUZZED:
            what = self.run_fuzz(target, FUZZ_SECONDS // len(FUZZED), seed)
            if what:
                return "killed", f"fuzz_{target}", what
        return "survived", "", ""
