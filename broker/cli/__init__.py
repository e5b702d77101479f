"""The command line: for whoever has the hub's machine and master key.

Owns words and exit codes (0 done, 1 refused with a sentence, 2 wrong usage). Changes configuration through services only.
"""
