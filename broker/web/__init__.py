"""Flask plumbing that every face shares: request to `Incoming`, `Outgoing` to response, pages, languages, headers, errors.

Owns how a neutral object becomes HTTP and back, cookies, security headers, CSRF tokens, the two languages, error pages and
the shape of log lines. Does not own any route, decision or text of a particular face. Called by the faces and `broker.app`.
"""
