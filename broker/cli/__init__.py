"""The command line: on the hub's own machine for whoever has its master key, or on a hub elsewhere for whoever has a token.

Owns words and exit codes (0 done, 1 refused with a sentence, 2 wrong usage). Changes configuration through operations only,
so that a command need not know where the hub is (`caller`); most commands are made from the table of operations
(`generated`), and one made by hand says in `COVERED` whose work it does. Help and completion are answered from what was
written down of them (`prepared`), because they may not take as long as importing every service.
"""
