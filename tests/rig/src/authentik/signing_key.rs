//! The public half of the certificate "authentik Self-signed Certificate". It was generated once for this stand-in; the
//! private half is gone, so nothing can be signed with it.

use serde_json::{Value, json};

/// The key id that the JWKS names.
pub(super) const KEY_ID: &str = "c6df9148af94845b963d2c996c624f75";

/// The RSA modulus, 2048 bits, base64url.
const MODULUS: &str = concat!(
    "qCX_iPvCLkjgoemGSO2tk_ogLo0RHNM1KpILNjQZD1V7ixgRz92wrpfYTzAAG8qC4QLHwgkmSnRsgym2Zyh7Xhnz1DR1F8gZ",
    "5zA-PGxHTGlT4F7MG9vU8zfPgozjHB_Yxf0sjO49-Wt78dkl-IyhtKq0FcucO_TG_GSRz6nPRl2AjrLGw32RDNCJASZjsUvi",
    "XfXZIF8BeHPExfaCBP9_5KBf7i-Wljh18t4WZfhXot7tcBoIJ5Z2GCqqb61Kkf2QtO8KUX2jNXPx66yj1lxIqcXgXKPy4akx",
    "exou4K8jqozigFBszj8MQRedFqrMM-vVv6UW8AzmBsDSOMnAmjqlvw",
);

/// The self-signed certificate, base64 DER.
const CERTIFICATE: &str = concat!(
    "MIIDYTCCAkmgAwIBAgIUeS8hQSimyJKgM3AlGpHoukbMnlwwDQYJKoZIhvcNAQELBQAwQDESMBAGA1UECgwJYXV0aGVudGlr",
    "MSowKAYDVQQDDCFhdXRoZW50aWsgU2VsZi1zaWduZWQgQ2VydGlmaWNhdGUwHhcNMjYxMTI0MTA0NDUxWhcNMzYxMTIxMTA0",
    "NDUxWjBAMRIwEAYDVQQKDAlhdXRoZW50aWsxKjAoBgNVBAMMIWF1dGhlbnRpayBTZWxmLXNpZ25lZCBDZXJ0aWZpY2F0ZTCC",
    "ASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKgl/4j7wi5I4KHphkjtrZP6IC6NERzTNSqSCzY0GQ9Ve4sYEc/dsK6X",
    "2E8wABvKguECx8IJJkp0bIMptmcoe14Z89Q0dRfIGecwPjxsR0xpU+BezBvb1PM3z4KM4xwf2MX9LIzuPflre/HZJfiMobSq",
    "tBXLnDv0xvxkkc+pz0ZdgI6yxsN9kQzQiQEmY7FL4l312SBfAXhzxMX2ggT/f+SgX+4vlpY4dfLeFmX4V6Le7XAaCCeWdhgq",
    "qm+tSpH9kLTvClF9ozVz8euso9ZcSKnF4Fyj8uGpMXsaLuCvI6qM4oBQbM4/DEEXnRaqzDPr1b+lFvAM5gbA0jjJwJo6pb8C",
    "AwEAAaNTMFEwHQYDVR0OBBYEFKRxlTO0eM/OLXTqecW2EgkeYMqpMB8GA1UdIwQYMBaAFKRxlTO0eM/OLXTqecW2EgkeYMqp",
    "MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAEBI9BjFEYhuIWSGXuTIZStDK0yVqSfQjmVhmeJNoyo0jlXH",
    "+qP1QBzl5Or6iRHBJT5vYIelYAYGor3h6eSJYySMdq1GbLLqcJt9nTlxuxVKNNTFzxffrZCb6y2ex27mjRwuCOTcvqFWEHac",
    "NxC/hbIHkB6mmQPm1YLrHQBmdx2HRBKmZYVvr/cFC/SKMB0kQsULFdtYWCxBCO+T9EoXEl9XSA+1wEqf1bg72Re+5R/6ibKZ",
    "BOWVzglI279e+QPR3hT2JP/NDouB9tOkqSmy3Y6f/iZGmNMP6hlo9aA3SwNBT09UN+R+AEC49b95N63/gcgak8oKosE2vnnb",
    "1XlmnaQ=",
);

/// The key as the JWKS shows it.
pub(super) fn jwk() -> Value {
    json!({
        "alg": "RS256",
        "kid": KEY_ID,
        "kty": "RSA",
        "use": "sig",
        "n": MODULUS,
        "e": "AQAB",
        "x5c": [CERTIFICATE],
        "x5t": "xt-RSK-UhFuWPSyZbGJPdduIOXE",
        "x5t#S256": "weFyyKrmNzSPoB4r1F_4rSL4KrDofDmwoqO0QWlwLR4",
    })
}
