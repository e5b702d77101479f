"""What the bare cryptography of a login costs on this machine, in the same run: the yardstick."""

from __future__ import annotations

import copy
import time

import xmlsec
from lxml import etree

from tests.support.saml_idp import DS, Answer, KeyPair, build, key_pair, sign

ROUNDS = 200


def _mean_ms(work: object, rounds: int = ROUNDS) -> float:
    assert callable(work)
    work()
    started = time.process_time()
    for _ in range(rounds):
        work()
    return (time.process_time() - started) * 1000 / rounds


def measure() -> dict[str, float]:
    """CPU milliseconds of one operation each."""
    from joserfc import jwt
    from joserfc.jwk import RSAKey

    pair: KeyPair = key_pair("bench")
    unsigned = build(Answer("_q", "https://sp.example/acs", "https://sp.example"))
    signed = copy.deepcopy(unsigned)
    assertion = signed[-1]
    sign(assertion, pair)
    octets = etree.tostring(signed)
    public = xmlsec.Key.from_memory(pair.certificate_pem, xmlsec.constants.KeyDataFormatCertPem)
    private = xmlsec.Key.from_memory(pair.private_pem, xmlsec.constants.KeyDataFormatPem)
    template = copy.deepcopy(signed)

    def verify() -> None:
        root = etree.fromstring(octets)
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = public
        context.verify(root.find(f".//{{{DS}}}Signature"))

    def sign_xml() -> None:
        root = copy.deepcopy(template)
        xmlsec.tree.add_ids(root, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = private
        context.sign(root.find(f".//{{{DS}}}Signature"))

    rsa = RSAKey.import_key(pair.private_pem)
    claims = {"iss": "https://hub.example", "sub": "x" * 40, "aud": "client", "exp": 2, "iat": 1}
    return {
        "verify an XML signature": _mean_ms(verify),
        "sign an XML document": _mean_ms(sign_xml),
        "sign a JWT (RS256)": _mean_ms(lambda: jwt.encode({"alg": "RS256"}, claims, rsa)),
    }
