"""What a build does, done for no build: fetching a branch, making a build image anew.

In: a checked request, its secrets, a directory. Out: an object with what source.py and image.py ask of Work.
"""

from __future__ import absolute_import, print_function

import os
import shutil

from business_hyper_fusion import compat, files
from business_hyper_fusion.layout import Business
from business_hyper_fusion.log import Log
from business_hyper_fusion.masker import Masker
from business_hyper_fusion.process import Runner
from business_hyper_fusion.work import Work

LOG_BYTES = 1024 * 1024


class Place(object):
    """The directory that stands for an attempt's: it is there for one errand."""

    def __init__(self, path):
        self.path = path
        self.secrets = os.path.join(path, "secrets")
        self.scratch = os.path.join(path, "scratch")
        self.cancel = os.path.join(path, "cancel")

    def prepare(self, secrets):
        """:param secrets: {slot: text}."""
        for directory in (self.path, self.secrets, self.scratch):
            compat.make_directories(directory, 0o700)
        for slot, text in secrets.items():
            files.publish(os.path.join(self.secrets, slot), compat.to_bytes(text), 0o600)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Errand(Work):
    """:param release: directory of the release that runs this.
    :param request: checked request document; says which repository, ref and image.
    :param place: Place, prepared. :param secrets: {slot: text}, for masking. :param control: Control.
    """

    def __init__(self, release, request, place, secrets, control):
        self.release = release
        self.request = request
        self.business = Business.of_release(release)
        self.attempt = place
        self.control = control
        self.log = Log(os.path.join(place.path, "log"), LOG_BYTES, Masker(secrets.values()))
        self.runner = Runner(self.log, control)
        self.engine = request["engine"]["command"]
        self.base_digests = []
