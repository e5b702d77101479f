"""One file per grant of the token endpoint. A grant fills in what is its own; client authentication, the enabled gate and
the shape of answers belong to `broker.downstream.oidc.token`, so that none can forget them.
"""
