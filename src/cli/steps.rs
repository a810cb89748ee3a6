//! All steps in one enum: the only place that lists them.

use super::render;
use crate::{
    converge::{Context, Meta, Mode, Report, Step, converge},
    kubernetes::{events, lease},
    model::{config::Config, rule::Rule},
    render::install,
    steps::{
        authentik_token::AuthentikToken,
        backup_create::BackupCreate,
        backup_restore::BackupRestore,
        check::Check,
        dex_scale::DexScale,
        dex_sync::DexSync,
        install::Install,
        jobs_status::JobsStatus,
        namespaces_ensure::NamespacesEnsure,
        oidc_verify::OidcVerify,
        secrets_generate::SecretsGenerate,
        secrets_rotate::SecretsRotate,
        secrets_status::SecretsStatus,
        support_bundle::SupportBundle,
        tenants::{
            TenantsDelete, TenantsDescribe, TenantsReconcile, TenantsResume, TenantsRotateSecret,
            TenantsStatus, TenantsSuspend, TenantsVerify,
        },
        uninstall::Uninstall,
        waves::{WavesInstall, WavesPrune, WavesStatus},
    },
};
use serde_json::Value;

/// A step with its arguments.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant is the step of that name")]
pub enum StepCommand {
    NamespacesEnsure(NamespacesEnsure),
    SecretsGenerate(SecretsGenerate),
    SecretsRotate(SecretsRotate),
    SecretsStatus(SecretsStatus),
    AuthentikToken(AuthentikToken),
    DexSync(DexSync),
    DexScale(DexScale),
    OidcVerify(OidcVerify),
    Install(Install),
    Uninstall(Uninstall),
    JobsStatus(JobsStatus),
    Check(Check),
    WavesInstall(WavesInstall),
    WavesPrune(WavesPrune),
    WavesStatus(WavesStatus),
    TenantsReconcile(TenantsReconcile),
    TenantsStatus(TenantsStatus),
    TenantsDescribe(TenantsDescribe),
    TenantsSuspend(TenantsSuspend),
    TenantsResume(TenantsResume),
    TenantsRotateSecret(TenantsRotateSecret),
    TenantsDelete(TenantsDelete),
    TenantsVerify(TenantsVerify),
    SupportBundle(SupportBundle),
    BackupCreate(BackupCreate),
    BackupRestore(BackupRestore),
}

macro_rules! each {
    ($command:expr, $step:ident => $body:expr) => {
        match $command {
            StepCommand::NamespacesEnsure($step) => $body,
            StepCommand::SecretsGenerate($step) => $body,
            StepCommand::SecretsRotate($step) => $body,
            StepCommand::SecretsStatus($step) => $body,
            StepCommand::AuthentikToken($step) => $body,
            StepCommand::DexSync($step) => $body,
            StepCommand::DexScale($step) => $body,
            StepCommand::OidcVerify($step) => $body,
            StepCommand::Install($step) => $body,
            StepCommand::Uninstall($step) => $body,
            StepCommand::JobsStatus($step) => $body,
            StepCommand::Check($step) => $body,
            StepCommand::WavesInstall($step) => $body,
            StepCommand::WavesPrune($step) => $body,
            StepCommand::WavesStatus($step) => $body,
            StepCommand::TenantsReconcile($step) => $body,
            StepCommand::TenantsStatus($step) => $body,
            StepCommand::TenantsDescribe($step) => $body,
            StepCommand::TenantsSuspend($step) => $body,
            StepCommand::TenantsResume($step) => $body,
            StepCommand::TenantsRotateSecret($step) => $body,
            StepCommand::TenantsDelete($step) => $body,
            StepCommand::TenantsVerify($step) => $body,
            StepCommand::SupportBundle($step) => $body,
            StepCommand::BackupCreate($step) => $body,
            StepCommand::BackupRestore($step) => $body,
        }
    };
}

fn meta_of<S: Step>(_: &S) -> Meta {
    S::META
}

/// The rules of a step that writes, with those of the Events and of the lock.
pub(super) fn with_what_every_run_takes(mut rules: Vec<Rule>, config: &Config) -> Vec<Rule> {
    rules.extend(events::rules(&rules));
    rules.extend(lease::rules(&config.namespaces.platform));
    rules
}

/// All that is installed.
pub(super) fn installed(config: &Config) -> Vec<Value> {
    install::objects(config, render::scheduled(config))
}

impl StepCommand {
    /// The step `install`; only here is it known what there is to install.
    #[must_use]
    pub fn install() -> Self {
        Self::Install(Install::of(installed))
    }

    /// What is true of the step before it runs.
    #[must_use]
    pub fn meta(&self) -> Meta {
        each!(self, step => meta_of(step))
    }

    /// Whether its permissions follow from manifests that are read when it runs: then [`StepCommand::rules`] has only those
    /// that it takes in any case.
    #[must_use]
    pub fn has_rules_of_manifests(&self) -> bool {
        matches!(
            self,
            Self::WavesInstall(_) | Self::WavesPrune(_) | Self::WavesStatus(_)
        )
    }

    /// All permissions that running it takes, those of the lock and of the Events included.
    #[must_use]
    pub fn rules(&self, config: &Config) -> Vec<Rule> {
        let rules = each!(self, step => step.rules(config));
        if self.meta().read_only {
            return rules;
        }
        with_what_every_run_takes(rules, config)
    }

    /// What somebody has to agree to before it runs, unless its command line does.
    #[must_use]
    pub fn question(&self) -> Option<String> {
        match self {
            Self::TenantsDelete(step) => step.question(),
            Self::BackupRestore(step) => step.question(),
            _ => None,
        }
    }

    /// Lets a further run of the same step begin as the first one did.
    pub fn begin(&self) {
        if let Self::TenantsReconcile(step) = self {
            step.begin();
        }
    }

    /// Runs it.
    pub async fn converge(&self, cx: &Context, mode: Mode) -> Report {
        each!(self, step => converge(step, cx, mode).await)
    }
}
