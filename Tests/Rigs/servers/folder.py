"""Keeps a folder for as long as a test process lives, and removes it with all that is in it, however that one ends."""
import wire


def main():
    control = wire.Control()
    control.say({"answer": {"folder": control.folder}})
    control.follow(lambda command: None)


if __name__ == "__main__":
    main()
