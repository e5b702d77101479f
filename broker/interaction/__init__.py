"""Pages in the middle of a login: home realm and chooser, and signing out.

Owns the views that show what a stage of the pipeline asked for and hand the form back. Decides nothing: every decision is
the pipeline's. Called by browsers; wired by `broker.app`.
"""
