"""An SMTP server that keeps what it is sent: plain, with STARTTLS, with TLS from the first byte, with a login.

In: how it secures itself, a login, addresses it refuses. Out: .messages, a list of Message; .commands, all it was told.
In this process, in threads of its own, for every Python (RFC 5321; AUTH PLAIN and LOGIN of RFC 4954).
"""

from __future__ import absolute_import, print_function, unicode_literals

import base64
import collections
import socket
import ssl
import threading

Message = collections.namedtuple("Message", "sender recipients data")
"""`data`: bytes as they came, without the dots that SMTP adds."""


class Server(object):
    """A context manager. .port

    :param security: "none", "starttls" or "tls"
    :param certificates: certificates.Certificates, for the last two
    :param login: (username, password) to ask for, or None
    :param refuses: addresses that get a 550
    """

    def __init__(self, security="none", certificates=None, login=None, refuses=()):
        self.messages = []
        self.commands = []
        self._security = security
        self._certificates = certificates
        self._login = login
        self._refuses = refuses
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(5)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.daemon = True
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except EnvironmentError:
                return
            connection.settimeout(60)
            try:
                self._talk(connection)
            except (EnvironmentError, ssl.SSLError):
                pass  # the client went, or does not trust us: that is its test's matter
            finally:
                connection.close()

    def _talk(self, connection):
        if self._security == "tls":
            connection = self._secured(connection)
        Conversation(self, connection).run()

    def _secured(self, connection):
        protocol = getattr(ssl, "PROTOCOL_TLS_SERVER", ssl.PROTOCOL_SSLv23)
        context = ssl.SSLContext(protocol)
        context.load_cert_chain(self._certificates.certificate, self._certificates.key)
        return context.wrap_socket(connection, server_side=True)


class Conversation(object):
    """One client."""

    def __init__(self, server, connection):
        self._server = server
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._secure = server._security == "tls"
        self._known = server._login is None
        self._sender, self._recipients = None, []

    def run(self):
        self._say("220 lab")
        while True:
            line = self._lines.readline()
            if not line:
                return
            text = line.decode("utf-8").strip()
            self._server.commands.append(text)
            word, _, rest = text.partition(" ")
            answer = getattr(self, "_" + word.lower(), self._unknown)(rest)
            if answer is None:
                return
            self._say(answer)

    def _say(self, text):
        self._connection.sendall(text.encode("ascii") + b"\r\n")

    def _unknown(self, rest):
        return "502 what?"

    def _ehlo(self, rest):
        offers = ["250-lab"]
        if self._server._security == "starttls" and not self._secure:
            offers.append("250-STARTTLS")
        elif self._server._login:
            offers.append("250-AUTH PLAIN LOGIN")
        return "\r\n".join(offers + ["250 8BITMIME"])

    def _starttls(self, rest):
        if self._server._security != "starttls":
            return "502 no"
        self._say("220 go on")
        self._connection = self._server._secured(self._connection)
        self._lines = self._connection.makefile("rb")
        self._secure = True
        return self._read_next()

    def _read_next(self):
        # what is said next is the client's EHLO, over TLS
        line = self._lines.readline().decode("utf-8").strip()
        self._server.commands.append(line + " (TLS)")
        return self._ehlo("") if line else None

    def _auth(self, rest):
        kind, _, given = rest.partition(" ")
        if kind == "PLAIN":
            login = base64.b64decode(given).decode("utf-8").split("\0")[1:]
        else:
            login = [base64.b64decode(given).decode("utf-8"), self._asked("334 UGFzc3dvcmQ6")]
        self._known = tuple(login) == self._server._login
        return "235 welcome" if self._known else "535 wrong"

    def _asked(self, question):
        self._say(question)
        return base64.b64decode(self._lines.readline()).decode("utf-8")

    def _mail(self, rest):
        if not self._known:
            return "530 log in"
        self._sender = address(rest)
        return "250 ok"

    def _rcpt(self, rest):
        if address(rest) in self._server._refuses:
            return "550 no such user here"
        self._recipients.append(address(rest))
        return "250 ok"

    def _data(self, rest):
        self._say("354 go on")
        lines = []
        for line in iter(self._lines.readline, b".\r\n"):
            if not line:
                return None  # the client went
            lines.append(line[1:] if line.startswith(b".") else line)
        message = Message(self._sender, self._recipients, b"".join(lines))
        self._server.messages.append(message)
        self._recipients = []
        return "250 kept"

    def _rset(self, rest):
        return "250 ok"

    def _quit(self, rest):
        self._say("221 bye")


def address(rest):
    """:returns: str, what stands between < and >"""
    return rest.partition("<")[2].partition(">")[0]
