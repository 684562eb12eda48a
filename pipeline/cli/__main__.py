"""`python -m pipeline.cli`: the same as `sanaq`."""

from pipeline.cli import main

main()
