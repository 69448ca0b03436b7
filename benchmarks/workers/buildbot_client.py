"""A Buildbot master over its REST interface: builds are forced there, their ends come as server-sent events.

In: the master's url. Out: Client. Standard library only.
"""

import http.client
import json
import time
import urllib.parse

import worker

SUCCESS = 0


class Client(object):
    """One connection for calls, one for the ends of builds, both kept.

    :param url: text. :param pids: of the master and its workers, for what they cost.
    """

    def __init__(self, url, pids=()):
        self._place = urllib.parse.urlparse(url).netloc
        self._calls = http.client.HTTPConnection(self._place, timeout=300)
        self._pids = [int(pid) for pid in pids]
        self._builder = self.get("builders")["builders"][0]["builderid"]
        self._ends = None

    def get(self, path):
        """:param path: text, below /api/v2. :returns: dict."""
        return self._call("GET", path)

    def force(self):
        """Ask for a build. :returns: int, id of its build set."""
        params = {"builderid": self._builder, "owner": "bench@example.invalid"}
        asked = {"jsonrpc": "2.0", "method": "force", "id": 1, "params": params}
        return self._call("POST", "forceschedulers/force", asked)["result"][0]

    def listen(self):
        """From now on the ends of builds are noticed."""
        if self._ends is None:
            self._ends = self.events("buildsets/*/complete")

    def wait(self, build_sets):
        """Until all of them have ended. :raises worker.Failed: one without success."""
        waiting = set(build_sets)
        while waiting:
            told = next(self._ends)
            if told["bsid"] in waiting:
                waiting.remove(told["bsid"])
                if told["results"] != SUCCESS:
                    raise worker.Failed("a build ended with %r" % told["results"])

    def events(self, path):
        """Iterator over dicts: what happens to what the path names. It listens when this returns."""
        connection = http.client.HTTPConnection(self._place, timeout=300)
        connection.request("GET", "/sse/listen/" + path)
        answer = connection.getresponse()
        return self._messages(answer, connection)

    def cpu_seconds(self):
        """Of the master, its workers and their children that have ended."""
        return sum(cpu_seconds_of(pid) for pid in self._pids)

    @staticmethod
    def _messages(answer, connection):
        try:
            for line in iter(answer.readline, b""):
                name, _, value = line.decode("utf-8").strip().partition(": ")
                # The first event is a handshake, whose data is no JSON object.
                if name == "data" and value.startswith("{"):
                    yield json.loads(value)["message"]
        finally:
            connection.close()

    def _call(self, method, path, document=None):
        body = json.dumps(document) if document else None
        headers = {"Content-Type": "application/json"} if document else {}
        try:
            self._calls.request(method, "/api/v2/" + path, body, headers)
            answer = self._calls.getresponse()
        except ConnectionError:
            self._calls.close()  # a master hangs up on who was silent while others had their turns
            self._calls.request(method, "/api/v2/" + path, body, headers)
            answer = self._calls.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise worker.Failed("%s answered %d: %.200r" % (path, answer.status, text))
        return json.loads(text)


def cpu_seconds_of(pid):
    """proc(5): utime, stime, cutime, cstime, in hundredths."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / 100.0


def measured(client, work):
    """Seconds and CPU seconds, the master's among them, of a call: dict."""
    own, theirs, begun = worker.cpu_seconds(), client.cpu_seconds(), time.monotonic()
    work()
    seconds = time.monotonic() - begun
    cpu = worker.cpu_seconds() - own + client.cpu_seconds() - theirs
    return {"seconds": seconds, "cpu": cpu}
