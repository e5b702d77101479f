"""What partners say about themselves, and what we say about us.

Owns reading identity provider and service provider descriptions into `model`, writing ours, and every tolerated vendor
deviation (`quirks`). Pure: bytes in, objects out; fetching is `broker.net`, storing is a service.
"""
