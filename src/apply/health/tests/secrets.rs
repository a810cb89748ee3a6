//! Verdicts on what fills Secrets: cert-manager and the External Secrets Operator.

use super::*;
use Health::*;

#[test]
fn certificates() {
    let conditions = |ready: &str, issuing: &str, reason: &str| {
        json!([
            mk_observed("Ready", ready, "DoesNotExist"),
            mk_observed("Issuing", issuing, reason)
        ])
    };
    let cases: &[Case<'_>] = &[
        (
            &[("/status/conditions", conditions("False", "True", "DoesNotExist"))],
            Progressing,
            "DoesNotExist",
        ),
        (
            &[("/status/conditions", conditions("True", "True", "Renewing"))],
            Progressing,
            "Renewing",
        ),
        (
            &[
                ("/status/conditions", conditions("False", "False", "Failed")),
                ("/status/failedIssuanceAttempts", json!(3)),
            ],
            Degraded,
            "3 attempts",
        ),
        (
            &[("/status/conditions", conditions("True", "False", "Failed"))],
            Current,
            "renewal failed",
        ),
        (
            &[(
                "/status/conditions",
                json!([mk_observed("Ready", "False", "Expired")]),
            )],
            Degraded,
            "Expired",
        ),
    ];
    check("cert-manager.io", "Certificate", cases);
    let partial = json!({"data": {"tls.key": ""}});
    for (objects, text) in [(vec![], "does not exist"), (vec![partial], "has no tls.crt")] {
        let verdict = judged_with("cert-manager.io", "Certificate", Answer::Objects(objects));
        assert_eq!(verdict.health, Progressing);
        assert!(verdict.message.contains(text), "{verdict:?}");
    }
}

#[test]
fn issuers_and_what_an_issuance_goes_through() {
    for kind in ["Issuer", "ClusterIssuer"] {
        let ready = |status: &str| json!([mk_observed("Ready", status, "ErrRegisterACMEAccount")]);
        check(
            "cert-manager.io",
            kind,
            &[
                (
                    &[("/status/conditions", ready("False"))],
                    Degraded,
                    "ErrRegisterACMEAccount",
                ),
                (&[("/status/conditions", ready("Unknown"))], Progressing, ""),
            ],
        );
    }
    let with = |kind: &str, status: &str, reason: &str| json!([mk_condition(kind, status, reason)]);
    check(
        "cert-manager.io",
        "CertificateRequest",
        &[
            (
                &[("/status/conditions", with("Ready", "False", "Pending"))],
                Progressing,
                "Pending",
            ),
            (
                &[("/status/conditions", with("Ready", "False", "Failed"))],
                Failed,
                "",
            ),
            (
                &[("/status/conditions", with("Denied", "True", "policy"))],
                Failed,
                "policy",
            ),
        ],
    );
    for kind in ["Order", "Challenge"] {
        check(
            "acme.cert-manager.io",
            kind,
            &[
                (&[("/status/state", Value::Null)], Progressing, ""),
                (&[("/status/state", json!("pending"))], Progressing, "pending"),
                (
                    &[
                        ("/status/state", json!("invalid")),
                        ("/status/reason", json!("no DNS")),
                    ],
                    Failed,
                    "no DNS",
                ),
            ],
        );
    }
}

#[test]
fn external_secrets() {
    let ready = |status: &str, reason: &str| json!([mk_condition("Ready", status, reason)]);
    let cases: &[Case<'_>] = &[
        (
            &[("/status/conditions", ready("False", "SecretSyncedError"))],
            Degraded,
            "SecretSyncedError",
        ),
        (
            &[("/status/conditions", ready("False", "SecretDeleted"))],
            Progressing,
            "SecretDeleted",
        ),
        (
            &[("/status/syncedResourceVersion", json!("1-abc"))],
            Progressing,
            "before the last change",
        ),
        (
            &[("/status/syncedResourceVersion", Value::Null)],
            Progressing,
            "before the last change",
        ),
        (
            &[
                ("/status/syncedResourceVersion", json!("1-abc")),
                ("/spec/refreshPolicy", json!("CreatedOnce")),
            ],
            Current,
            "",
        ),
        (
            &[("/spec/data", json!([{"secretKey": "user"}]))],
            Progressing,
            "has no user",
        ),
        (
            &[(
                "/spec/target",
                json!({"template": {"data": {"conf": "{{ .user }}"}}}),
            )],
            Progressing,
            "has no conf",
        ),
        (
            &[("/spec/target", json!({"creationPolicy": "None"}))],
            Current,
            "",
        ),
    ];
    check("external-secrets.io", "ExternalSecret", cases);
    for kind in ["SecretStore", "ClusterSecretStore"] {
        check(
            "external-secrets.io",
            kind,
            &[
                (
                    &[("/status/conditions", ready("False", "InvalidProviderConfig"))],
                    Degraded,
                    "InvalidProvider",
                ),
                (&[("/status/conditions", ready("Unknown", ""))], Progressing, ""),
            ],
        );
    }
}
