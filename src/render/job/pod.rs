//! The Pod of a Job: Pod Security "restricted" (Kubernetes' Pod Security Standards, 1.34), a read-only root, one token.

use super::{Command, labels, resources};
use crate::model::names;
use k8s_openapi::{
    api::core::v1::{
        Capabilities, ConfigMapProjection, ConfigMapVolumeSource, Container, DownwardAPIProjection,
        DownwardAPIVolumeFile, EnvVar, EnvVarSource, KeyToPath, ObjectFieldSelector, PodSecurityContext,
        PodSpec, PodTemplateSpec, ProjectedVolumeSource, ResourceRequirements, SeccompProfile,
        SecurityContext, ServiceAccountTokenProjection, Volume, VolumeMount, VolumeProjection,
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};
use std::collections::BTreeMap;

/// User and group of the image; no user of a node has this number.
pub const USER: i64 = 65_532;
const CONFIG_FOLDER: &str = "/etc/aphex-ops";
/// Where Kubernetes' own mount would put the account's files.
const ACCOUNT_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The kubelet renews the token after 80 % of this, seconds.
const TOKEN_LIFE: i64 = 3600;
/// A stop ends the run within 5 s; the rest is for a slow node.
const GRACE: i64 = 30;

pub(super) fn template(command: &Command) -> PodTemplateSpec {
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels()),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            restart_policy: Some("Never".to_owned()),
            service_account_name: Some(super::full_name(command)),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            termination_grace_period_seconds: Some(GRACE),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PodSecurityContext::default()
            }),
            containers: vec![container(command)],
            volumes: Some(vec![configuration(), account()]),
            ..PodSpec::default()
        }),
    }
}

fn container(command: &Command) -> Container {
    Container {
        name: names::PRODUCT.to_owned(),
        image: Some(command.image.clone()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        args: Some(arguments(command)),
        env: Some(environment()),
        volume_mounts: Some(vec![
            mount("config", CONFIG_FOLDER),
            mount("account", ACCOUNT_FOLDER),
        ]),
        resources: Some(requirements(command)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            ..SecurityContext::default()
        }),
        // Of a process that ended without a word, the last lines of its log.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// The command line: the command itself, then what is right for every run in a cluster and it does not say itself.
fn arguments(command: &Command) -> Vec<String> {
    let mut defaults = vec![format!("--timeout={}s", command.timeout.as_secs())];
    if command.schedule.is_some() && !command.read_only {
        // The next run comes anyway; a queue of them helps nobody.
        defaults.push("--skip-if-locked".to_owned());
    }
    defaults.extend(["--log-format=json", "--output=json"].map(str::to_owned));
    let is_said = |default: &String| {
        let option = default.split('=').next().unwrap_or(default);
        let mut words = command.words.iter();
        words.any(|word| word.split('=').next() == Some(option))
    };
    defaults.retain(|default| !is_said(default));
    command.words.iter().cloned().chain(defaults).collect()
}

/// Where the configuration is, and which Job this is, for its Event.
fn environment() -> Vec<EnvVar> {
    let label = |name: &str, label: &str| EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(field(format!("metadata.labels['{label}']"))),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    };
    vec![
        EnvVar {
            name: "APHEX_OPS_CONFIG".to_owned(),
            value: Some(format!("{CONFIG_FOLDER}/{}", names::CONFIG_KEY)),
            ..EnvVar::default()
        },
        label("APHEX_OPS_JOB_NAME", "batch.kubernetes.io/job-name"),
        label("APHEX_OPS_JOB_UID", "batch.kubernetes.io/controller-uid"),
    ]
}

/// A field of the Pod. With the version that the API server would fill in: it is part of an atomic value, so that without
/// it only the server could tell whether an apply changes anything.
fn field(path: String) -> ObjectFieldSelector {
    ObjectFieldSelector {
        api_version: Some("v1".to_owned()),
        field_path: path,
    }
}

fn requirements(command: &Command) -> ResourceRequirements {
    let quantity = |text: String| Quantity(text);
    let memory = resources::memory(&command.name);
    ResourceRequirements {
        requests: Some(BTreeMap::from([
            ("cpu".to_owned(), quantity("10m".to_owned())),
            ("memory".to_owned(), quantity(format!("{}Mi", memory.request))),
        ])),
        limits: Some(BTreeMap::from([(
            "memory".to_owned(),
            quantity(format!("{}Mi", memory.limit)),
        )])),
        claims: None,
    }
}

fn mount(name: &str, path: &str) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: Some(true),
        ..VolumeMount::default()
    }
}

/// Optional for the kubelet, so that the program can say that it is missing; else the Pod would wait in silence.
fn configuration() -> Volume {
    Volume {
        name: "config".to_owned(),
        config_map: Some(ConfigMapVolumeSource {
            name: names::CONFIG_MAP.to_owned(),
            optional: Some(true),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    }
}

/// What the kubelet would mount by itself, with a token that we know to be short-lived and the only one.
fn account() -> Volume {
    let token = VolumeProjection {
        service_account_token: Some(ServiceAccountTokenProjection {
            expiration_seconds: Some(TOKEN_LIFE),
            path: "token".to_owned(),
            audience: None,
        }),
        ..VolumeProjection::default()
    };
    let authority = VolumeProjection {
        config_map: Some(ConfigMapProjection {
            name: "kube-root-ca.crt".to_owned(),
            items: Some(vec![KeyToPath {
                key: "ca.crt".to_owned(),
                path: "ca.crt".to_owned(),
                mode: None,
            }]),
            optional: None,
        }),
        ..VolumeProjection::default()
    };
    let namespace = VolumeProjection {
        downward_api: Some(DownwardAPIProjection {
            items: Some(vec![DownwardAPIVolumeFile {
                path: "namespace".to_owned(),
                field_ref: Some(field("metadata.namespace".to_owned())),
                ..DownwardAPIVolumeFile::default()
            }]),
        }),
        ..VolumeProjection::default()
    };
    Volume {
        name: "account".to_owned(),
        projected: Some(ProjectedVolumeSource {
            sources: Some(vec![token, authority, namespace]),
            default_mode: None,
        }),
        ..Volume::default()
    }
}
