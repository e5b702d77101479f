"""The demonstration's partners: three identity providers and two applications, as other companies would run them.

Owns five small programs that speak to the hub over HTTP only, the declarative file that introduces them, and the start of
it all for `make run`. Does not own any code of the hub, and refuses to start in production. Called by `vestibule demo`.
"""
