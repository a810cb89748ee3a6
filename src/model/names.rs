//! Names that the platform fixes: ours, and those of the objects that we work on.

/// Binary, field manager, lock prefix and user agent.
pub const PRODUCT: &str = "aphex-ops";

/// API version of our own documents (configuration, playbooks, reports).
pub const OPS_API_VERSION: &str = "ops.aphex.io/v1alpha1";

/// Label on every object that we own.
pub const MANAGED_BY_LABEL: &str = "platform.aphex/managed-by";
/// Label on what one of our commands made and looks after, by the command's word.
pub const PART_OF_LABEL: &str = "platform.aphex/part-of";
/// Value of [`PART_OF_LABEL`] on what `install` made.
pub const INSTALL_PART: &str = "install";

/// ConfigMap of the configuration that Jobs run with.
pub const CONFIG_MAP: &str = "aphex-ops-config";
/// Its key.
pub const CONFIG_KEY: &str = "config.yaml";

/// Annotation on Dex's pod template: a keyed digest of the secrets that its Pods started with.
pub const SECRETS_DIGEST_ANNOTATION: &str = "platform.aphex/secrets-digest";

/// Readiness gate of Dex's Pods while its client secret is rotated: they take traffic once Authentik knows the new one.
pub const DEX_GATE: &str = "platform.aphex/rotation";

/// Annotation by which Argo CD orders what it synchronizes.
pub const SYNC_WAVE_ANNOTATION: &str = "argocd.argoproj.io/sync-wave";

/// Secret of the PostgreSQL passwords.
pub const POSTGRESQL_SECRET: &str = "authentik-postgresql";
/// Secret of Authentik's own keys.
pub const AUTHENTIK_SECRET: &str = "authentik-secrets";
/// Key of Authentik's signing secret, also the key of the digest of [`SECRETS_DIGEST_ANNOTATION`].
pub const AUTHENTIK_SECRET_KEY: &str = "secret-key";
/// Key of the password of `akadmin`.
pub const ADMIN_PASSWORD_KEY: &str = "admin-password";
/// Key of the token that Authentik honours from its first start on.
pub const BOOTSTRAP_TOKEN_KEY: &str = "bootstrap-token";
/// Secret of Dex's client secrets.
pub const DEX_SECRET: &str = "dex-secrets";
/// Key of the secret that Dex shows to Authentik.
pub const DEX_CLIENT_SECRET_KEY: &str = "client-secret";
/// Secret that holds the dedicated Authentik API token.
pub const API_TOKEN_SECRET: &str = "authentik-api-token";
/// Key of the token in [`API_TOKEN_SECRET`].
pub const API_TOKEN_KEY: &str = "token";
/// Secret of the Cloudflare API token, in the namespace of the platform's own things.
pub const CLOUDFLARE_SECRET: &str = "cloudflare-api-token";
/// Key of the token in [`CLOUDFLARE_SECRET`].
pub const CLOUDFLARE_TOKEN_KEY: &str = "token";
/// Environment variable of the Cloudflare API token.
pub const CLOUDFLARE_TOKEN_VARIABLE: &str = "CLOUDFLARE_API_TOKEN";
/// Argo CD's own Secret.
pub const ARGOCD_SECRET: &str = "argocd-secret";
/// The Tekton Dashboard's OIDC Secret.
pub const TEKTON_SECRET: &str = "tekton-dashboard-oidc";
/// The Deployment that logs people in before the Tekton Dashboard.
pub const TEKTON_LOGIN: &str = "tekton-dashboard-login";

/// Fixed identifier of the dedicated Authentik token, of its account, group and role: what makes a
/// crash between creating and storing recoverable.
pub const CONFIG_SYNC: &str = "aphex-ops-config-sync";
/// The administrator that Authentik creates by itself.
pub const AUTHENTIK_ADMIN: &str = "akadmin";
