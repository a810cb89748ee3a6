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

/// A certificate and its key, from the beginning of a year to a day.
fn mk_pair(host: &str, from: i32, to: (i32, u8, u8)) -> Value {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to.0, to.1, to.2);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    json!({"stringData": {"tls.crt": pem, "tls.key": key.serialize_pem()}})
}

/// In five days.
fn soon() -> (i32, u8, u8) {
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5 * 24);
    let date = jiff::tz::TimeZone::UTC.to_datetime(date).date();
    (
        date.year().into(),
        date.month().try_into().unwrap(),
        date.day().try_into().unwrap(),
    )
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
            vec![Patch(DEX_TLS, mk_pair("dex.home.local", 2024, (2025, 1, 1)))],
        ),
        fault(
            "APX-CRT-005",
            object,
            "Expiring",
            renewed,
            vec![Patch(DEX_TLS, mk_pair("dex.home.local", 2024, soon()))],
        ),
        fault(
            "APX-CRT-006",
            object,
            "Mismatch",
            "get certificates",
            vec![Patch(DEX_TLS, mk_pair("other.home.local", 2024, (2055, 1, 1)))],
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
