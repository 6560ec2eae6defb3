"""Coverage-guided fuzzing of every reader of text, one after the other: fuzz_parsers.py [NAME …]

FUZZ_SECONDS (60) is the time for each. A text that makes a reader fail other than in words is kept in build/fuzz/NAME,
what the reader said is printed, and the exit code is 1. Texts that reached something new stay in build/fuzz/corpus, and
are where the next run starts.
"""

import contextlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build", "fuzz")
sys.path[:0] = [TOP, os.path.join(TOP, "tests", "unit")]


def prepare():
    """The collection under its name, as the tests import it, with every branch of it reported to the fuzzer."""
    import atheris

    import conftest  # noqa: F401  makes the checkout a collection

    with atheris.instrument_imports(include=["ansible_collections.nfv"]):
        import parsers
    return atheris, parsers.READERS


def fuzz(name):
    """Run one reader in this process, which does not come back."""
    atheris, readers = prepare()
    if name not in readers:
        sys.exit("no reader {0}, there are: {1}".format(name, " ".join(readers)))
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

    def one(data):
        with contextlib.suppress(Refused):
            readers[name].read(data.decode("utf-8", "replace"))

    corpus, found = os.path.join(BUILD, "corpus", name), os.path.join(BUILD, name, "")
    for directory in (corpus, found):
        os.makedirs(directory, exist_ok=True)
    for number, text in enumerate(readers[name].usual):
        with open(os.path.join(corpus, "usual-{0}".format(number)), "w", encoding="utf-8") as handle:
            handle.write(text)
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    limits = ["-max_total_time=" + seconds, "-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0"]
    atheris.Setup([sys.argv[0], corpus, "-artifact_prefix=" + found] + limits, one)
    atheris.Fuzz()


def main(names):
    """Each reader in a process of its own: the fuzzer ends the one that it runs in."""
    if os.environ.get("FUZZ_READER"):
        fuzz(os.environ["FUZZ_READER"])
    names, failed = names or sorted(prepare()[1]), []
    for name in names:
        with subprocess.Popen(
            [sys.executable, __file__],
            env=dict(os.environ, FUZZ_READER=name),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as child:
            said = child.communicate()[0].decode("utf-8", "replace")
        print("{0:<22} {1}".format(name, "FAILED" if child.returncode else "ok"), flush=True)
        if child.returncode:
            failed.append(name)
            print(said[-4000:], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
