//! Faults of secrets, of Authentik and of Dex.

use super::{
    super::fault::{
        Change::{Config, Delete, Patch},
        Fault,
    },
    fault, mk_data,
};
use serde_json::json;

const DEX: &str = "apps/v1/Deployment/auth-system/dex";
const DEX_SECRETS: &str = "v1/Secret/auth-system/dex-secrets";
const AUTHENTIK_SECRETS: &str = "v1/Secret/auth-system/authentik-secrets";
const DASHBOARD: &str = "v1/Secret/tekton-pipelines/tekton-dashboard-oidc";
const TOKEN: &str = "v1/Secret/auth-system/authentik-api-token";
const DEX_CONFIG: &str = "v1/ConfigMap/auth-system/dex";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

pub(super) fn secrets() -> Vec<Fault> {
    const GENERATE: &str = "`aphex-ops secrets generate`";
    let (dashboard, authentik) = (
        "Secret tekton-pipelines/tekton-dashboard-oidc",
        "Secret auth-system/authentik-secrets",
    );
    let password = |value: &str| vec![Patch(AUTHENTIK_SECRETS, mk_data("admin-password", value))];
    vec![
        fault(
            "APX-SEC-001",
            dashboard,
            "NotFound",
            GENERATE,
            vec![Delete(DASHBOARD)],
        ),
        fault(
            "APX-SEC-002",
            dashboard,
            "NotFound",
            GENERATE,
            vec![Patch(DASHBOARD, json!({"data": {"client-secret": null}}))],
        ),
        fault("APX-SEC-002", authentik, "NotFound", GENERATE, password("")),
        fault(
            "APX-SEC-003",
            dashboard,
            "Mismatch",
            GENERATE,
            vec![Patch(
                DASHBOARD,
                mk_data("client-secret", "a-secret-that-differs-from-the-other-one"),
            )],
        ),
        fault(
            "APX-SEC-004",
            authentik,
            "InvalidValue",
            "edit secret authentik-secrets",
            password("changeme-changeme-changeme"),
        ),
        fault(
            "APX-SEC-005",
            authentik,
            "InvalidValue",
            "edit secret authentik-secrets",
            password("hunter2"),
        ),
        fault(
            "APX-SEC-006",
            authentik,
            "InvalidValue",
            "edit secret authentik-secrets",
            password("a-password-that-is-long-enough\n"),
        ),
        fault(
            "APX-SEC-007",
            "Secret auth-system/authentik-postgresql",
            "DataLossGuard",
            "from a backup",
            vec![Delete("v1/Secret/auth-system/authentik-postgresql")],
        ),
        fault(
            "APX-SEC-008",
            dashboard,
            "InvalidValue",
            "get secret tekton-dashboard-oidc",
            vec![Patch(DASHBOARD, json!({"immutable": true}))],
        ),
    ]
}

pub(super) fn identity() -> Vec<Fault> {
    let token = "Secret auth-system/authentik-api-token";
    let client = json!({"stringData": {"client-secret": "another-client-secret-of-dex-that-is-long",
        "authentik-client-secret": "another-client-secret-of-dex-that-is-long"}});
    let nobody = json!({"authentik": {"provider": "nobody's", "clientID": "nobody", "redirectURI": "https://nobody.example/"}});
    let digest =
        json!({"spec": {"template": {"metadata": {"annotations": {"platform.aphex/secrets-digest": null}}}}});
    let renewed = "`aphex-ops authentik token`";
    vec![
        fault(
            "APX-IDN-001",
            "Authentik http://127.0.0.1:1",
            "Unavailable",
            "",
            vec![Config(json!({"authentik": {"url": NOWHERE}}))],
        ),
        fault("APX-IDN-002", token, "NotFound", renewed, vec![Delete(TOKEN)]),
        fault(
            "APX-IDN-003",
            token,
            "Unauthenticated",
            renewed,
            vec![Patch(TOKEN, mk_data("token", "revoked"))],
        ),
        fault("APX-IDN-004", token, "Forbidden", renewed, vec![Config(nobody)]),
        fault(
            "APX-IDN-005",
            "Authentik provider Dex OIDC Provider",
            "Mismatch",
            "`aphex-ops dex sync`",
            vec![Patch(DEX_SECRETS, client)],
        ),
        fault(
            "APX-IDN-008",
            "Deployment auth-system/dexter",
            "NotFound",
            "dex.deployment",
            vec![Config(json!({"dex": {"deployment": "dexter"}}))],
        ),
        fault(
            "APX-IDN-009",
            "Deployment auth-system/dex",
            "Paused",
            "`aphex-ops dex scale`",
            vec![Patch(DEX, json!({"spec": {"replicas": 0}}))],
        ),
        fault(
            "APX-IDN-010",
            "Deployment auth-system/dex",
            "NotFound",
            "`aphex-ops dex scale`",
            vec![Patch(DEX, digest)],
        ),
    ]
}

pub(super) fn oidc() -> Vec<Fault> {
    let map = "ConfigMap auth-system/dex";
    let edit = "kubectl -n auth-system edit configmap dex";
    let config = |text: &str| vec![Patch(DEX_CONFIG, json!({"data": {"config.yaml": text}}))];
    vec![
        fault(
            "APX-OIDC-001",
            "OIDC provider http://127.0.0.1:*",
            "NotFound",
            "authentik.slug",
            vec![Config(json!({"authentik": {"slug": "nobody"}}))],
        ),
        fault(
            "APX-OIDC-002",
            "OIDC provider http://127.0.0.1:1",
            "Unavailable",
            "logs deployment/dex",
            vec![Config(json!({"dex": {"url": NOWHERE}}))],
        ),
        fault(
            "APX-OIDC-004",
            "OIDC provider https://dex.home.local",
            "Unavailable",
            "--skip-external",
            vec![Config(
                json!({"http": {"resolve": {"dex.home.local": "127.0.0.1:1"}}}),
            )],
        ),
        fault(
            "APX-OIDC-006",
            map,
            "Mismatch",
            edit,
            config("issuer: https://dex.home.local/"),
        ),
        fault(
            "APX-OIDC-007",
            map,
            "InvalidValue",
            edit,
            config(
                "issuer: https://dex.home.local\nstaticClients: [{id: argocd, redirectURIs: ['http://argocd.home.local/callback']}]",
            ),
        ),
        fault(
            "APX-OIDC-008",
            map,
            "InvalidValue",
            edit,
            config("issuer: https://dex.home.local\nstaticClients: [{id: argocd, secret: in-the-open}]"),
        ),
    ]
}
