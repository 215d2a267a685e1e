"""Foreign peers of Inro: a wallet, a verifier and an issuer written from the specifications' text alone.

Nothing here imports or copies Inro's own code, and no JOSE, SD-JWT or OpenID library is used: what these peers put
on the wire comes from RFC 7515, RFC 9449, RFC 9901, SD-JWT VC, OpenID4VCI 1.0 and OpenID4VP 1.0 as they read.
"""
