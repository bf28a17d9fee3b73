"""A small service with the two classic leaks: files kept in a list, and sockets that nobody closes.

Try it:  scripts/fdtrace -- python3 examples/leaky.py
"""

import socket
import threading
import time


def remember(opened, path):
    """Keeps the file for later. There is no later."""
    opened.append(open(path, "rb"))


def ask(address, number):
    """Asks the server and forgets to close the connection on every question but the first of ten."""
    connection = socket.create_connection(address)
    connection.sendall(b"%d\n" % number)
    connection.recv(16)
    if number % 10 == 0:
        connection.close()
        return None
    return connection


def serve(listener):
    """Answers each connection and closes its own end, as it should."""
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(connection.recv(16))


def work(address, finished):
    files, connections = [], []
    for number in range(60):
        if number % 3 == 0:
            remember(files, __file__)
        connections.append(ask(address, number))
        time.sleep(0.005)
    finished.set()
    threading.Event().wait()  # a worker waits for its next task, and keeps all it has


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    finished = threading.Event()
    threading.Thread(target=serve, args=(listener,), name="server", daemon=True).start()
    threading.Thread(target=work, args=(listener.getsockname(), finished), name="worker", daemon=True).start()
    finished.wait()
    print("60 questions asked and answered")


if __name__ == "__main__":
    main()
