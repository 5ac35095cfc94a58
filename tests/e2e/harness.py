# SPDX-License-Identifier: Apache-2.0
"""What all end-to-end tests share: the built programs, a folder of their own, names, and main().

RANKGUARD_BINARIES names the folder of the built programs; ranking_pb2 (made from the canonical API when the
tests are built) is found through PYTHONPATH.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

# Programs are started while gRPC's threads run; the library's own handling of forks is not needed for that.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

RANK = "/rankguard.v1.RankingService/Rank"
STREAM_RANK = "/rankguard.v1.RankingService/StreamRank"
SIGNAL = "/rankguard.v1.RankingService/ReportSignal"
OTHER = "/example.Other/Do"  # a method that no mapping knows

GUARD_S = 120  # a program that hangs ends; no property depends on it


def program(name):
    folder = os.environ.get("RANKGUARD_BINARIES")
    if not folder:
        sys.exit("RANKGUARD_BINARIES is not set; name the folder of the built programs")
    return os.path.join(folder, name)


def run(name, *arguments, **more):
    """Runs one of our programs to its end; stdout and stderr are texts of the result."""
    return subprocess.run([program(name), *map(str, arguments)], text=True, capture_output=True,
                          timeout=GUARD_S, check=False, **more)


class Home:
    """A temporary folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rankguard-e2e-")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """A test with a folder of its own that is removed afterwards."""

    longMessage = True
    maxDiff = None

    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.remove)

    def write(self, name, content):
        """A file in the test's folder; returns its path."""
        path = self.home.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path


def free_ports(count):
    """TCP ports of loopback that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def named(rows):
    """A class decorator: each row (name, *arguments) becomes one test that calls self.row(*arguments)."""

    def decorate(case):
        for name, *arguments in rows:
            def test(self, arguments=tuple(arguments)):
                self.row(*arguments)
            test.__name__ = f"test_{name}"
            assert not hasattr(case, test.__name__), f"{name} is there twice"
            setattr(case, test.__name__, test)
        return case

    return decorate


def main():
    unittest.main(verbosity=2)
