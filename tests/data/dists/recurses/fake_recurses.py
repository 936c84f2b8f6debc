"""Its import calls itself without end."""


def descend() -> None:
    descend()


descend()
