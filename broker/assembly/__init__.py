"""How the parts are put together: which service gets what, and which face is mounted where.

Owns the wiring that `broker.app` starts with, and nothing that decides anything: no rule, no route, no text. Called by `broker.app`
alone; everybody else is handed what was made here, as a `Vestibule`.
"""
