//! Faults of certificates.

use super::{
    super::fault::{
        Change::{Delete, Patch, Status},
        Fault,
    },
    fault, mk_data,
};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

const DEX_TLS: &str = "v1/Secret/auth-system/dex-tls";

/// A certificate and its key, from the beginning of one year to the beginning of another.
fn mk_pair(host: &str, from: i32, to: i32) -> Value {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    json!({"stringData": {"tls.crt": pem, "tls.key": key.serialize_pem()}})
}

pub(super) fn certificates() -> Vec<Fault> {
    let unready = |reason: &str| {
        json!({"conditions": [{"type": "Ready", "status": "False", "reason": reason, "message": "no way",
            "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
    };
    let object = "Secret auth-system/dex-tls";
    let renewed = "delete secret dex-tls";
    vec![
        fault(
            "APX-CRT-001",
            "ClusterIssuer platform-ca",
            "ErrInitIssuer",
            "describe clusterissuer",
            vec![Status(
                "cert-manager.io/v1/ClusterIssuer//platform-ca",
                unready("ErrInitIssuer"),
            )],
        ),
        fault(
            "APX-CRT-002",
            "Certificate auth-system/dex-tls",
            "Failed",
            "describe certificate dex-tls",
            vec![Status(
                "cert-manager.io/v1/Certificate/auth-system/dex-tls",
                unready("Failed"),
            )],
        ),
        fault(
            "APX-CRT-003",
            object,
            "NotFound",
            "get certificates",
            vec![Delete(DEX_TLS)],
        ),
        fault(
            "APX-CRT-004",
            object,
            "Expired",
            renewed,
            vec![Patch(DEX_TLS, mk_pair("dex.home.local", 2024, 2025))],
        ),
        fault(
            "APX-CRT-006",
            object,
            "Mismatch",
            "get certificates",
            vec![Patch(DEX_TLS, mk_pair("other.home.local", 2024, 2055))],
        ),
        fault(
            "APX-CRT-007",
            object,
            "InvalidValue",
            renewed,
            vec![Patch(DEX_TLS, mk_data("tls.crt", "nonsense"))],
        ),
    ]
}
