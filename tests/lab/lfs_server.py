"""The git server of git_http.py with Git LFS beside it: `lfs_server.py BASE PORT`.

In: the batch API's `download` with the basic transfer, below <repository>.git/info/lfs, behind the same login.
Out: what lies in <repository>.git/lfs-objects/<oid>; an object that does not is a 404 of its own.
"""

from __future__ import absolute_import, print_function

import json
import os

import git_http

CONTENT = "application/vnd.git-lfs+json"


class Handler(git_http.Handler):
    def answer(self):
        repository, _, rest = self.path.partition("/info/lfs/")
        objects = os.path.join(git_http.BASE, repository.lstrip("/"), "lfs-objects")
        if rest == "objects/batch":
            self._answer_batch(objects, json.loads(self.body().decode("utf-8")))
        elif rest.startswith("objects/"):
            with open(os.path.join(objects, rest.rpartition("/")[2]), "rb") as source:
                self.send(200, {"Content-Type": "application/octet-stream"}, source.read())
        else:
            git_http.Handler.answer(self)

    def _answer_batch(self, objects, question):
        found = [self._described(objects, wanted) for wanted in question["objects"]]
        document = {"transfer": "basic", "objects": found}
        self.send(200, {"Content-Type": CONTENT}, json.dumps(document).encode("utf-8"))

    def _described(self, objects, wanted):
        if not os.path.exists(os.path.join(objects, wanted["oid"])):
            return dict(wanted, error={"code": 404, "message": "no such object"})
        base = "%s://%s%s" % (git_http.SCHEME, self.headers["Host"], self.path[: -len("batch")])
        given = self.headers.get("Authorization")
        header = {"Authorization": given} if given else {}
        return dict(wanted, actions={"download": {"href": base + wanted["oid"], "header": header}})


if __name__ == "__main__":
    git_http.serve(Handler)
