//! The kinds of cert-manager, External Secrets and Argo CD.

use super::{CERT_MANAGER, EXTERNAL_SECRETS, Named, SECRET, items};
use crate::apply::manifest::Manifest;

const ARGO_CD: &str = "argoproj.io";

/// Where a ClusterIssuer looks for its Secret: cert-manager's `--cluster-resource-namespace`, by default its own.
const CLUSTER_ISSUER_NAMESPACE: &str = "cert-manager";

/// The Secret that an object makes in its namespace.
pub(super) fn makes(manifest: &Manifest) -> Option<&str> {
    let spec = &manifest.object["spec"];
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        (CERT_MANAGER, "Certificate") => spec["secretName"].as_str(),
        (EXTERNAL_SECRETS, "ExternalSecret") => {
            Some(spec["target"]["name"].as_str().unwrap_or(manifest.name.as_str()))
        }
        _ => None,
    }
}

pub(super) fn named(manifest: &Manifest) -> Vec<Named<'_>> {
    let (spec, namespace) = (&manifest.object["spec"], manifest.namespace.as_deref());
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        (CERT_MANAGER, "Certificate") => issuer(manifest).into_iter().collect(),
        (CERT_MANAGER, "Issuer" | "ClusterIssuer") => {
            let namespace = namespace.or(Some(CLUSTER_ISSUER_NAMESPACE));
            let secret = spec["ca"]["secretName"].as_str();
            secret.map(|name| (SECRET, namespace, name)).into_iter().collect()
        }
        (EXTERNAL_SECRETS, "ExternalSecret") => stores(manifest),
        (ARGO_CD, "Application") => {
            let project = spec["project"].as_str();
            project
                .map(|name| ((ARGO_CD, "AppProject"), namespace, name))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The issuer; one of another group is a kind of its own, of which we know only the name.
fn issuer(certificate: &Manifest) -> Option<Named<'_>> {
    let issuer = &certificate.object["spec"]["issuerRef"];
    let group = issuer["group"].as_str().unwrap_or(CERT_MANAGER);
    let kind = issuer["kind"].as_str().unwrap_or("Issuer");
    let namespace = match (group, kind) {
        (CERT_MANAGER, "ClusterIssuer") => None,
        _ => certificate.namespace.as_deref(),
    };
    Some(((group, kind), namespace, issuer["name"].as_str()?))
}

fn stores(secret: &Manifest) -> Vec<Named<'_>> {
    let spec = &secret.object["spec"];
    let sources = ["data", "dataFrom"].iter().flat_map(|field| items(&spec[*field]));
    let stores = sources.map(|source| &source["sourceRef"]["storeRef"]);
    let stores = stores.chain([&spec["secretStoreRef"]]);
    let named = stores.filter_map(|store| {
        let name = store["name"].as_str()?;
        Some(match store["kind"].as_str() {
            Some("ClusterSecretStore") => ((EXTERNAL_SECRETS, "ClusterSecretStore"), None, name),
            _ => (
                (EXTERNAL_SECRETS, "SecretStore"),
                secret.namespace.as_deref(),
                name,
            ),
        })
    });
    named.collect()
}
