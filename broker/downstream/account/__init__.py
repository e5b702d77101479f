"""The account page as an application of its own hub: the smallest downstream protocol.

Owns what the pipeline answers with when somebody signs in to see their account: a redirect to the page. Does not own the
page (`broker.account`) nor any check: the session that the pipeline opened or reused is the proof. Wired by `broker.app`.
"""
