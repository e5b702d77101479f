"""The account page: what a person who signs in through the hub can see and do about themselves.

Owns its pages: profile as last seen, links to identity providers, sessions. Does not own sign-in, which is the pipeline's,
nor any change, which is the services'. Called by browsers below `/account`; wired by `broker.app`.
"""
