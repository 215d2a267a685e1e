"""Keys of other curves than Inro's."""

from __future__ import annotations

from inro_peers.jose import JsonObject

X25519: JsonObject = {
    "kty": "OKP",
    "kid": "jc",
    "use": "enc",
    "crv": "X25519",
    "alg": "ECDH-ES",
    "x": "WPX7wnwq10hFNK9aDSyG1QlLswE_CJY14LdhcFUIVVc",
}
