"""Runs a command on a terminal of a given size and prints what the terminal got.

terminal.py ROWS COLUMNS COMMAND [ARGUMENT...]
"""

import fcntl
import os
import pty
import struct
import sys
import termios

rows, columns = int(sys.argv[1]), int(sys.argv[2])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execv(sys.argv[3], sys.argv[3:])
while True:
    try:
        got = os.read(terminal, 65536)
    except OSError:
        break  # On Linux, the end of a terminal is an error.
    if not got:
        break
    sys.stdout.buffer.write(got)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
