"""`./dev demo`: the main job on this machine alone; and the sample projects, which tests build
too."""
