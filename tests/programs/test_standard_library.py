"""What a Python test suite does all day: processes, sockets, databases, archives, pools. Run by python3 -m unittest."""

import concurrent.futures
import shelve
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import zipfile


class StandardLibrary(unittest.TestCase):
    def test_processes(self):
        self.assertEqual(subprocess.run(["sort"], input=b"b\na\n", capture_output=True).stdout, b"a\nb\n")

    def test_sockets(self):
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            connection, _ = server.accept()
            with connection:
                client.sendall(b"hello")
                self.assertEqual(connection.recv(5), b"hello")

    def test_databases(self):
        with tempfile.TemporaryDirectory() as directory:
            database = sqlite3.connect(directory + "/db")
            database.execute("create table t (x)")
            database.close()
            with shelve.open(directory + "/shelf") as shelf:
                shelf["x"] = 1

    def test_archives(self):
        with tempfile.TemporaryFile() as file, zipfile.ZipFile(file, "w") as archive:
            archive.write(__file__)

    def test_pools(self):
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            self.assertEqual(list(pool.map(abs, [-1, 2])), [1, 2])
