"""`python -m serving.cli`: the command where no script of that name is installed, as in a bento."""

from serving.cli import main

if __name__ == "__main__":
    main()
