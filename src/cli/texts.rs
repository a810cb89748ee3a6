//! Examples of every command, and the table of exit codes; the tests parse every command line in here.

use crate::model::exit::Exit;

pub(super) const BOOTSTRAP: &str = "Examples:
  aphex-ops bootstrap                          take the cluster of the current context to a verified login
  aphex-ops bootstrap --dry-run                print what would be done
  aphex-ops bootstrap --from sync              go on with one step
  aphex-ops bootstrap --skip verify --context kind-demo";
pub(super) const STATUS: &str = "Examples:
  aphex-ops status
  aphex-ops status --skip-external
  aphex-ops status -o json";
pub(super) const CHECK: &str = "Examples:
  aphex-ops check
  aphex-ops check --wait --timeout 10m         in CI, after an installation
  aphex-ops check --suite smoke                log in as well, as a person does
  aphex-ops check --only secrets --skip APX-SEC-005=auth-system/dex-secrets
  aphex-ops check -o github --report-file checks.xml --failure-threshold warning";
pub(super) const EXPLAIN: &str = "Examples:
  aphex-ops explain
  aphex-ops explain APX-SEC-003
  aphex-ops explain APX-SEC-003 -o json";
pub(super) const INSTALL: &str = "Examples:
  aphex-ops install
  aphex-ops install --dry-run
  aphex-ops install --config platform.yaml";
pub(super) const UNINSTALL: &str = "Examples:
  aphex-ops uninstall --plan
  aphex-ops uninstall
  aphex-ops uninstall --secrets";
pub(super) const TENANTS_PLAN: &str = "Examples:
  aphex-ops tenants plan
  aphex-ops tenants plan acme-corp --exit-code";
pub(super) const TENANTS_RECONCILE: &str = "Examples:
  aphex-ops tenants reconcile
  aphex-ops tenants reconcile acme-corp
  aphex-ops tenants reconcile --skip-if-locked -o json
  aphex-ops tenants reconcile --watch --every 10m";
pub(super) const TENANTS_STATUS: &str = "Examples:
  aphex-ops tenants status -o wide
  aphex-ops tenants status acme-corp -o json";
pub(super) const TENANTS_DESCRIBE: &str = "Examples:
  aphex-ops tenants describe
  aphex-ops tenants describe acme-corp
  aphex-ops tenants describe RepoBinding/my-application -o json";
pub(super) const TENANTS_SUSPEND: &str = "Examples:
  aphex-ops tenants suspend my-application
  aphex-ops tenants suspend Organization/acme-corp RepoBinding/my-application
  aphex-ops tenants suspend my-application --dry-run --exit-code";
pub(super) const TENANTS_RESUME: &str = "Examples:
  aphex-ops tenants resume my-application
  aphex-ops tenants resume Organization/acme-corp RepoBinding/my-application";
pub(super) const TENANTS_ROTATE_SECRET: &str = "Examples:
  aphex-ops tenants rotate-secret acme-corp
  aphex-ops tenants rotate-secret acme-corp --request 2026-q4";
pub(super) const TENANTS_DELETE: &str = "Examples:
  aphex-ops tenants delete my-application
  aphex-ops tenants delete acme-corp my-application --dry-run
  aphex-ops tenants delete Organization/acme-corp RepoBinding/my-application --yes --timeout 15m";
pub(super) const BACKUP_CREATE: &str = "Examples:
  aphex-ops backup create platform.age --recipient age1pcj6hwhlyq4u2ysnmp2lvwtpdzxcrnggp2nlvl738xwt9d2sqeysup7u7z";
pub(super) const BACKUP_RESTORE: &str = "Examples:
  aphex-ops backup restore platform.age --identity-file key.txt --dry-run
  aphex-ops backup restore platform.age --identity-file key.txt
  aphex-ops backup restore platform.age --identity-file key.txt --overwrite --yes";
pub(super) const SUPPORT_BUNDLE: &str = "Examples:
  aphex-ops support-bundle support.tar.gz
  aphex-ops support-bundle support.tar.gz --lines 5000";
pub(super) const TENANTS_VERIFY: &str = "Examples:
  aphex-ops tenants verify
  aphex-ops tenants verify --timeout 10m
  aphex-ops tenants verify --skip-cloudflare";
pub(super) const WAVES_PLAN: &str = "Examples:
  aphex-ops waves plan --profile kind --mirror mirror
  aphex-ops waves plan --via argocd --wave 20 --config platform.yaml
  aphex-ops waves plan -f manifests/";
pub(super) const WAVES_INSTALL: &str = "Examples:
  aphex-ops waves install --profile kind --mirror mirror --skip external-secrets
  aphex-ops waves install --via argocd --config platform.yaml
  aphex-ops waves install -f manifests/
  aphex-ops waves install -f crds.yaml -f app.yaml --set app --namespace app";
pub(super) const WAVES_PRUNE: &str = "Examples:
  aphex-ops waves prune --mirror mirror --skip external-secrets --dry-run
  aphex-ops waves prune -f manifests/ --dry-run
  aphex-ops waves prune -f manifests/ --confirm 12";
pub(super) const WAVES_STATUS: &str = "Examples:
  aphex-ops waves status --only auth
  aphex-ops waves status -f manifests/
  aphex-ops waves status -f manifests/ -o wide";
pub(super) const WAVES_FETCH: &str = "Examples:
  aphex-ops waves fetch --mirror mirror
  aphex-ops waves fetch --mirror mirror --record
  aphex-ops waves fetch --mirror mirror --only argocd";
pub(super) const RENDER_PLATFORM: &str = "Examples:
  aphex-ops render platform --mirror mirror --config platform.yaml manifests";
pub(super) const JOBS_STATUS: &str = "Examples:
  aphex-ops jobs status -o wide
  aphex-ops jobs status -o json";
pub(super) const NAMESPACES_ENSURE: &str = "Examples:
  aphex-ops namespaces ensure
  aphex-ops namespaces ensure --dry-run --exit-code";
pub(super) const SECRETS_GENERATE: &str = "Examples:
  aphex-ops secrets generate
  aphex-ops secrets generate --dry-run
  aphex-ops secrets generate -o json";
pub(super) const SECRETS_ROTATE: &str = "Examples:
  aphex-ops secrets rotate client-secret
  aphex-ops secrets rotate admin-password --dry-run
  aphex-ops secrets rotate api-token --request 2026-q4";
pub(super) const SECRETS_STATUS: &str = "Examples:
  aphex-ops secrets status
  aphex-ops secrets status -o yaml";
pub(super) const AUTHENTIK_TOKEN: &str = "Examples:
  aphex-ops authentik token
  aphex-ops authentik token --timeout 15m";
pub(super) const DEX_SYNC: &str = "Examples:
  aphex-ops dex sync
  aphex-ops dex sync --dry-run";
pub(super) const DEX_SCALE: &str = "Examples:
  aphex-ops dex scale
  aphex-ops dex scale --timeout 3m";
pub(super) const OIDC_VERIFY: &str = "Examples:
  aphex-ops oidc verify
  aphex-ops oidc verify --skip-external";
pub(super) const OIDC_INSPECT: &str = "Examples:
  aphex-ops oidc inspect --token-file token.txt
  aphex-ops oidc inspect --audience argocd --jwks keys.json --token-file token.txt
  aphex-ops oidc inspect -o json";
pub(super) const PLAYBOOK_LIST: &str = "Examples:
  aphex-ops playbook list
  aphex-ops playbook list -o json";
pub(super) const PLAYBOOK_SHOW: &str = "Examples:
  aphex-ops playbook show bootstrap
  aphex-ops playbook show bootstrap -o yaml    as a file to start your own from";
pub(super) const PLAYBOOK_RUN: &str = "Examples:
  aphex-ops playbook run bootstrap
  aphex-ops playbook run bootstrap --only secrets
  aphex-ops playbook run ./my-playbook.yaml --dry-run";
pub(super) const RENDER_RBAC: &str = "Examples:
  aphex-ops render rbac secrets generate
  aphex-ops render rbac --from manifests    what `waves install --file manifests` takes
  aphex-ops render rbac --account-namespace ops --account runner dex scale";
pub(super) const RENDER_JOB: &str = "Examples:
  aphex-ops render job secrets generate
  aphex-ops render job --image registry.example.com/aphex-ops:1 bootstrap --skip-external
  aphex-ops render job --once dex sync";
pub(super) const RENDER_CONFIG_SCHEMA: &str = "Examples:
  aphex-ops render config-schema    for editors, and for checks before a change is merged";
pub(super) const RENDER_REPORT_SCHEMA: &str = "Examples:
  aphex-ops render report-schema";
pub(super) const RENDER_INSTALL: &str = "Examples:
  aphex-ops render install           for kubectl apply --server-side --field-manager=aphex-ops -f -
  aphex-ops render install --config platform.yaml";
pub(super) const COMPLETION: &str = "Examples:
  aphex-ops completion bash
  aphex-ops completion zsh";
pub(super) const MAN: &str = "Examples:
  aphex-ops man";
pub(super) const VERSION: &str = "Examples:
  aphex-ops version
  aphex-ops version -o json";

/// The exit codes, for the end of `--help`.
pub(super) fn exit_codes() -> String {
    let line = |exit: Exit| format!("  {:>3}  {}", exit.code(), exit.meaning());
    let lines: Vec<String> = Exit::ALL.into_iter().map(line).collect();
    format!("Exit codes:\n{}", lines.join("\n"))
}
