//! Ways to Pods, storage, and what scales them.

use super::{Named, SERVICE, items};
use crate::apply::manifest::Manifest;

const NETWORKING: &str = "networking.k8s.io";
const STORAGE_CLASS: (&str, &str) = ("storage.k8s.io", "StorageClass");

pub(super) fn named(manifest: &Manifest) -> Vec<Named<'_>> {
    let (spec, namespace) = (&manifest.object["spec"], manifest.namespace.as_deref());
    let mut named = Vec::new();
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        (NETWORKING, "Ingress") => {
            let class = spec["ingressClassName"].as_str();
            named.extend(class.map(|name| ((NETWORKING, "IngressClass"), None, name)));
            let paths = items(&spec["rules"]).flat_map(|rule| items(&rule["http"]["paths"]));
            let backends = paths
                .map(|path| &path["backend"])
                .chain([&spec["defaultBackend"]]);
            let services = backends.filter_map(|backend| backend["service"]["name"].as_str());
            named.extend(services.map(|name| (SERVICE, namespace, name)));
        }
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let target = &spec["scaleTargetRef"];
            let group = target["apiVersion"]
                .as_str()
                .and_then(|version| version.split_once('/'));
            let kind = (
                group.map_or("", |(group, _)| group),
                target["kind"].as_str().unwrap_or_default(),
            );
            named.extend(target["name"].as_str().map(|name| (kind, namespace, name)));
        }
        ("", "PersistentVolumeClaim") => {
            let class = spec["storageClassName"].as_str();
            named.extend(class.map(|name| (STORAGE_CLASS, None, name)));
            let volume = spec["volumeName"].as_str();
            named.extend(volume.map(|name| (("", "PersistentVolume"), None, name)));
        }
        _ => {}
    }
    named
}
