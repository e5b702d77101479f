"""The return addresses of identity providers: assertion consumer service, redirect URI, our metadata toward them.

Owns nothing but the addresses: which login an answer belongs to is the pipeline's, whether it is true is the connector's.
"""
