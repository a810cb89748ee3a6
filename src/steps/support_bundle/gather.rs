//! Collecting, within limits: what cannot be had is said, and keeps nothing else from being collected.

use super::redact::{self, Redactor};
use crate::{
    converge::Context,
    kubernetes::Tail,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::{CONFIG_MAP, DEPLOYMENT, EVENT, Kind, NAMESPACE, SECRET},
        object::ObjectRef,
        rule::Rule,
        tenants::kinds,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{StreamExt, TryStreamExt, stream};
use secrecy::SecretSlice;
use serde_json::{Value, json};
use std::{collections::BTreeMap, pin::pin};

/// Requests at once.
const CONCURRENCY: usize = 4;
const LOG_BYTES: u32 = 256 << 10;
/// All that is collected, before it is compressed.
const BYTES: usize = 64 << 20;

const BATCH: &str = "batch";
const POD: Kind = Kind::known("", "v1", "Pod", "pods", true);
/// What is collected of each of the platform's namespaces.
static NAMESPACED: [Kind; 11] = [
    POD,
    EVENT,
    CONFIG_MAP,
    Kind::known("", "v1", "Service", "services", true),
    Kind::known("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    Kind::known("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true),
    DEPLOYMENT,
    Kind::known("apps", "v1", "StatefulSet", "statefulsets", true),
    Kind::known(BATCH, "v1", "Job", "jobs", true),
    Kind::known(BATCH, "v1", "CronJob", "cronjobs", true),
    Kind::known("cert-manager.io", "v1", "Certificate", "certificates", true),
];
/// What is collected of the whole cluster.
static EVERYWHERE: [Kind; 5] = [
    NAMESPACE,
    Kind::known("", "v1", "Node", "nodes", false),
    kinds::ORGANIZATION,
    kinds::REPO_BINDING,
    kinds::KNOWLEDGE_BASE,
];

/// What was collected, without any secret.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// By the path in the archive.
    pub(super) files: BTreeMap<String, String>,
    /// What could not be had.
    pub(super) lacking: Vec<Failure>,
    bytes: usize,
}

impl Gathered {
    fn add(&mut self, path: String, text: String) {
        if self.bytes + text.len() > BYTES {
            let message = format!("it is left out: all together would be more than {BYTES} bytes");
            let failure = Failure::new(Exit::CheckFailed, Reason::DataLossGuard, message);
            self.lacking.push(failure.on(ObjectRef::global("file", path)));
            return;
        }
        self.bytes += text.len();
        self.files.insert(path, text);
    }
}

/// The permissions that it takes.
pub(super) fn rules(namespaces: [&str; 4]) -> Vec<Rule> {
    let list: &[&'static str] = &["list"];
    let in_namespace = |namespace: &str| {
        let kinds = NAMESPACED.iter();
        let mut rules: Vec<Rule> = kinds
            .map(|kind| Rule::all(namespace, kind.group.clone(), kind.plural.clone(), list))
            .collect();
        rules.push(Rule::all(namespace, "", "secrets", list));
        rules.push(Rule::all(namespace, "", "pods/log", &["get"]));
        rules
    };
    let everywhere = EVERYWHERE.iter().map(|kind| Rule::everywhere(kind, list));
    everywhere
        .chain(namespaces.into_iter().flat_map(in_namespace))
        .collect()
}

/// Collects everything.
///
/// # Errors
/// The Secrets cannot be read: then it is not known what must not get out.
pub(super) async fn gather(cx: &Context, lines: u32) -> Result<Gathered, Failure> {
    let mut gathered = Gathered::default();
    let (redactor, secrets) = secrets(cx).await?;
    for (namespace, list) in secrets {
        gathered.add(path(Some(&namespace), "secrets"), redactor.text(&pretty(&list)));
    }
    gathered.add("about.json".to_owned(), redactor.text(&pretty(&about(cx))));
    let namespaces = cx.config.namespaces.all().map(Some);
    let namespaced = namespaces
        .iter()
        .flat_map(|namespace| NAMESPACED.iter().map(move |kind| (kind, *namespace)));
    let wanted: Vec<(&Kind, Option<&str>)> = EVERYWHERE
        .iter()
        .map(|kind| (kind, None))
        .chain(namespaced)
        .collect();
    let lists = wanted.into_iter().map(|(kind, namespace)| async move {
        let found = cx.cluster.find_all(kind, namespace, "").await;
        (kind, namespace, found)
    });
    let mut lists = stream::iter(lists).buffered(CONCURRENCY);
    let mut containers = Vec::new();
    while let Some((kind, namespace, found)) = lists.next().await {
        match found {
            Ok(objects) => {
                if *kind == POD {
                    containers.extend(objects.iter().flat_map(|pod| containers_of(pod, lines)));
                }
                let objects: Vec<Value> = objects.into_iter().map(redact::object).collect();
                let text = redactor.text(&pretty(&json!({"kind": "List", "items": objects})));
                gathered.add(path(namespace, &kind.plural), text);
            }
            // A kind that the cluster does not have.
            Err(failure) if failure.reason == Reason::NotFound => {}
            Err(failure) => gathered.lacking.push(failure),
        }
    }
    let logs = containers.into_iter().map(|of| async move {
        let log = cx
            .cluster
            .log(&of.namespace, &of.pod, &of.container, of.tail)
            .await;
        (of, log)
    });
    let mut logs = stream::iter(logs).buffered(CONCURRENCY);
    while let Some((of, log)) = logs.next().await {
        match log {
            Ok(log) => gathered.add(of.path(), redactor.text(&log)),
            Err(failure) => gathered.lacking.push(failure),
        }
    }
    Ok(gathered)
}

/// One container's log.
struct Container {
    namespace: String,
    pod: String,
    container: String,
    tail: Tail,
}

impl Container {
    fn path(&self) -> String {
        let run = if self.tail.is_previous { ".previous" } else { "" };
        format!("logs/{}/{}/{}{run}.log", self.namespace, self.pod, self.container)
    }
}

/// Those that have started, and the run before of those that have started again.
fn containers_of(pod: &Value, lines: u32) -> Vec<Container> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let statuses = ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|field| pod["status"][field].as_array().into_iter().flatten());
    let has_run = |status: &&Value| status["state"]["waiting"].is_null() || status["restartCount"] != 0;
    statuses
        .filter(has_run)
        .flat_map(|status| {
            let of = |is_previous| Container {
                namespace: text(&pod["metadata"]["namespace"]),
                pod: text(&pod["metadata"]["name"]),
                container: text(&status["name"]),
                tail: Tail {
                    lines,
                    bytes: LOG_BYTES,
                    is_previous,
                },
            };
            let has_previous = status["restartCount"].as_u64().unwrap_or(0) > 0;
            [Some(of(false)), has_previous.then(|| of(true))]
        })
        .flatten()
        .collect()
}

/// What must not get out, and the Secrets without it.
async fn secrets(cx: &Context) -> Result<(Redactor, Vec<(String, Value)>), Failure> {
    let mut values: Vec<(String, SecretSlice<u8>)> = Vec::new();
    let mut lists = Vec::new();
    let kind = SECRET;
    for namespace in cx.config.namespaces.all() {
        let mut shown = Vec::new();
        let mut pages = pin!(cx.cluster.find_pages(&kind, Some(namespace), ""));
        while let Some(page) = pages.try_next().await? {
            for secret in page {
                values.extend(values_of(&secret));
                shown.push(redact::object(secret));
            }
        }
        lists.push((
            namespace.to_owned(),
            json!({"kind": "SecretList", "items": shown}),
        ));
    }
    let redactor = Redactor::new(values.iter().map(|(key, value)| (key.as_str(), value)));
    if !redactor.is_whole() {
        let message = "the values of the Secrets are too many to be searched for, so nothing is collected";
        return Err(Failure::new(Exit::Human, Reason::DataLossGuard, message));
    }
    Ok((redactor, lists))
}

fn values_of(secret: &Value) -> Vec<(String, SecretSlice<u8>)> {
    let data = secret["data"].as_object().into_iter().flatten();
    let decoded = data.filter_map(|(key, value)| {
        let value = STANDARD.decode(value.as_str()?).ok()?;
        Some((key.clone(), SecretSlice::from(value)))
    });
    decoded.collect()
}

fn about(cx: &Context) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "run": cx.run_id,
        "server": cx.cluster.info().server,
        "configuration": cx.config,
    })
}

fn path(namespace: Option<&str>, plural: &str) -> String {
    match namespace {
        Some(namespace) => format!("namespaces/{namespace}/{plural}.json"),
        None => format!("cluster/{plural}.json"),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
