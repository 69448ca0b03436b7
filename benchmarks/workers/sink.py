"""What a build is watched with by who wants its end alone; for workers, and for what prepares their rows."""


class Silent(object):
    """Shows nothing."""

    def log(self, data, offset):
        pass

    def status(self, status):
        pass

    def note(self, text):
        pass
