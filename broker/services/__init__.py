"""Every change of configuration, whoever asks: authorise, validate, write, audit, publish.

Owns the commands (dataclasses that console, API, CLI and the declarative file all build) and their effects. Knows no
Flask and no SQL. One function call is one unit of work.
"""
