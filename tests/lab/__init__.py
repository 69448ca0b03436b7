"""Real parts for tests and for the demo: sshd, git servers, a container engine, base images.

Each part runs on loopback with a port, keys and a directory of its own, and is stopped by its own
pid.
Nothing here touches a service, an account or a file of the machine it runs on.
"""
