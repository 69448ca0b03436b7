"""A small disk of the lab's own, to fill up: a tmpfs, or an ext4 in a file, which can be made to fail.

In: its size, its number of inodes. Out: a mounted directory; a way to fill it and to make room again; an ext4 that
the kernel remounts read-only under whoever writes there, as after an error of the hardware.
"""

from __future__ import absolute_import, print_function, unicode_literals

import errno
import glob
import io
import itertools
import os

from tests.lab import process

CHUNK = 65536


class SmallDisk(object):
    """.path (mounted at once, or by `mount`)

    :param mebibytes: int
    :param inodes: int, of a tmpfs; 0 for as many as it likes
    """

    def __init__(self, mebibytes, inodes=0, path=None):
        self.path = path or process.directory("disk")
        self._filler = os.path.join(self.path, "filler")
        options = "size=%dm,mode=0755" % mebibytes + (",nr_inodes=%d" % inodes if inodes else "")
        process.output(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path])

    def fill(self, leave=0):
        """Take all the room but `leave` bytes, as another program would."""
        with io.open(self._filler, "ab", 0) as filler:
            for size in (CHUNK, 4096, 512):
                try:
                    while self.free() > leave and filler.write(b"\1" * size):
                        pass
                except (IOError, OSError):
                    continue

    def free(self):
        """:returns: int, bytes."""
        room = os.statvfs(self.path)
        return room.f_bavail * room.f_frsize

    def use_inodes(self):
        """Take all inodes, whoever else takes or frees some meanwhile."""
        if not os.path.isdir(self._filler):
            os.mkdir(self._filler)
        for number in itertools.count(len(os.listdir(self._filler))):
            try:
                io.open(os.path.join(self._filler, "%d" % number), "wb").close()
            except (IOError, OSError) as error:
                if error.errno != errno.ENOSPC:
                    raise
                return

    def make_room(self):
        process.output(["rm", "-rf", self._filler])

    def remove(self):
        process.output(["umount", "--lazy", self.path])
        process.remove(self.path)


class FailingDisk(object):
    """An ext4 that becomes read-only when it is told to.

    .path
    """

    def __init__(self, mebibytes):
        self.path = process.directory("disk")
        self._image = self.path + ".image"
        with io.open(self._image, "wb") as image:
            image.truncate(mebibytes * 1024 * 1024)
        process.output(["mkfs.ext4", "-q", "-m", "0", self._image])
        self._mount()
        process.output(["chmod", "755", self.path])

    def _mount(self):
        process.output(["mount", "-o", "loop,errors=remount-ro", self._image, self.path])
        # Whoever makes a mount namespace meanwhile must let go of it, too, when it is unmounted.
        process.output(["mount", "--make-shared", self.path])

    def fail(self):
        """Have the kernel find an error on it; it is mounted errors=remount-ro. What was written before stays."""
        process.output(["sync", "--file-system", self.path])
        (device,) = self._devices()
        with io.open(os.path.join(device, "trigger_fs_error"), "w") as trigger:
            trigger.write("simulated by a test")

    def repair(self):
        """Checked and mounted again, once nobody is at work on it any more."""
        process.wait_until(self._unmounted, 60, "who works on the disk")
        # A container that is about to start may have it mounted a moment longer; until then it stays read-only.
        process.wait_until(lambda: not self._devices(), 30, "letting go of the disk")
        process.output(["sh", "-c", "e2fsck -p '%s' || [ $? -le 2 ]" % self._image])
        self._mount()

    def _unmounted(self):
        """What a build leaves to do behind its end may have a file open for a moment."""
        try:
            process.output(["umount", self.path], environment={"LC_ALL": "C"})
        except process.LabError as error:
            if "busy" not in str(error):
                raise
            return False
        return True

    def _devices(self):
        """:returns: list of str, what the kernel has of it while it is mounted anywhere."""
        return [path for path in glob.glob("/sys/fs/ext4/loop*") if self._is_mine(path)]

    def _is_mine(self, device):
        name = os.path.basename(device)
        try:
            with io.open("/sys/block/%s/loop/backing_file" % name) as backing:
                return backing.read().strip() == self._image
        except (IOError, OSError):
            return False  # it has just been let go of

    def remove(self):
        process.output(["umount", "--lazy", self.path])
        process.remove(self.path)
        os.unlink(self._image)
