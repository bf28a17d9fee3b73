# Closes a descriptor twice, as Python code does by mistake.
import os
import socket


def stop(fd):
    os.close(fd)  # the first


def finish(fd):
    try:
        os.close(fd)  # the second
    except OSError as error:
        print(error.strerror)


fd = os.open("/dev/null", os.O_RDONLY)
stop(fd)
finish(fd)

# A socket whose descriptor is closed beneath it.
connection = socket.socket()
os.close(connection.fileno())
try:
    connection.close()
except OSError as error:
    print(error.strerror)
