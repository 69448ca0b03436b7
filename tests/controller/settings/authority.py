"""A certificate of an authority that nobody trusts, as PEM text."""

from __future__ import absolute_import, print_function, unicode_literals

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIULXMf3qfKC6+MbIIDug/amU4j6iAwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTQxNjM2WhgPMjEy
NjEwMjgxNDE2MzZaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEnf0zjs8v/5+NjUiXebCSLdtrqlOUw/kOXQRhVB/g
86WxOHGQkPuebzXtpk2aiSX9Voob0hFxrbB1HsI/rlGs1KNTMFEwHQYDVR0OBBYE
FJXTaF2oBm7UijlpTEHUzjl+VrPlMB8GA1UdIwQYMBaAFJXTaF2oBm7UijlpTEHU
zjl+VrPlMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJ+9Wz13
EMr0NQS+uUNOqnkoTxFyT7AUUsWBsUKbFtNjAiEArSO2GuwtYhMIjMhKTjfELhVi
4bdB+6Dz0ymRzQhuDSE=
-----END CERTIFICATE-----
"""
