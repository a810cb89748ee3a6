//! What an object names is there.

use super::{of_kind, shipped, text};
use aphex_ops::model::{
    components::{Components, Source},
    config::Config,
    secrets,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Services and certificates of other people's software, by namespace, name and port.
const SERVICES_OF_OTHERS: [(&str, &str, u64); 1] = [("argocd", "argocd-server", 80)];
/// Keys that are no part of the generated Secrets: given by the operator, or made per tenant.
const KEYS_OF_OTHERS: [(&str, &str, &str); 2] = [
    ("cert-manager", "cloudflare-api-token", "api-token"),
    ("kube-system", "cloudflare-api-token", "api-token"),
];

/// Every object below, depth first.
fn walk(value: &Value, found: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found(name, value);
                walk(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

fn key(namespace: &str, name: &str, key: &str) -> (String, String, String) {
    (namespace.to_owned(), name.to_owned(), key.to_owned())
}

#[test]
fn every_secret_key_is_one_that_somebody_makes() {
    let catalog = secrets::catalog(&Config::default());
    let generated = catalog.iter().flat_map(|secret| &secret.keys);
    let mut made: BTreeSet<_> = generated
        .map(|spec| key(&spec.at.namespace, spec.at.secret, spec.at.key))
        .collect();
    made.extend(KEYS_OF_OTHERS.map(|(namespace, name, word)| key(namespace, name, word)));
    let mut wanted = BTreeSet::new();
    for (_, object) in shipped() {
        // A ClusterIssuer reads in cert-manager's namespace.
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("cert-manager");
        walk(&object, &mut |field, value| {
            if ["secretKeyRef", "apiTokenSecretRef"].contains(&field) {
                wanted.insert(key(namespace, text(&value["name"]), text(&value["key"])));
            }
        });
    }
    // Argo CD's own notation.
    let argocd = shipped()
        .into_iter()
        .find(|(path, _)| path.ends_with("argocd-cm.yaml"))
        .unwrap()
        .1;
    let reference = text(&argocd["data"]["oidc.config"])
        .split("clientSecret: $")
        .nth(1)
        .unwrap();
    wanted.insert(key("argocd", "argocd-secret", reference.lines().next().unwrap()));
    let missing: Vec<_> = wanted.difference(&made).collect();
    assert!(missing.is_empty(), "nobody makes {missing:?}");
    assert!(wanted.len() >= 11, "only {wanted:?}");
}

#[test]
fn every_backend_of_a_host_is_a_service_with_that_port() {
    let objects = shipped();
    let mut services: BTreeSet<(String, String, u64)> = BTreeSet::new();
    for (_, service) in of_kind(&objects, "Service") {
        let ports = service["spec"]["ports"].as_array().unwrap();
        let metadata = &service["metadata"];
        let place = (
            text(&metadata["namespace"]).to_owned(),
            text(&metadata["name"]).to_owned(),
        );
        services.extend(
            ports
                .iter()
                .map(|port| (place.0.clone(), place.1.clone(), port["port"].as_u64().unwrap())),
        );
    }
    services.extend(
        SERVICES_OF_OTHERS.map(|(namespace, name, port)| (namespace.to_owned(), name.to_owned(), port)),
    );
    let mut backends = 0;
    for (path, object) in &objects {
        let namespace = text(&object["metadata"]["namespace"]).to_owned();
        walk(object, &mut |field, value| {
            let (name, port) = match field {
                "service" if object["kind"] == "Ingress" => (&value["name"], &value["port"]["number"]),
                "backendRefs" => (&value[0]["name"], &value[0]["port"]),
                _ => return,
            };
            let backend = (namespace.clone(), text(name).to_owned(), port.as_u64().unwrap());
            assert!(services.contains(&backend), "{path}: {backend:?} is nowhere");
            backends += 1;
        });
    }
    assert_eq!(backends, 8);
}

/// Its Pods, and the name of the port, are there too.
#[test]
fn every_service_leads_to_a_container() {
    let objects = shipped();
    for (path, service) in of_kind(&objects, "Service") {
        let selector = service["spec"]["selector"].as_object().unwrap();
        let is_selected = |object: &&(String, Value)| {
            let labels = &object.1["spec"]["template"]["metadata"]["labels"];
            object.1["metadata"]["namespace"] == service["metadata"]["namespace"]
                && selector.iter().all(|(name, value)| &labels[name] == value)
        };
        let (_, workload) = objects
            .iter()
            .find(is_selected)
            .unwrap_or_else(|| panic!("{path}: {selector:?}"));
        for port in service["spec"]["ports"].as_array().unwrap() {
            let ports = &workload["spec"]["template"]["spec"]["containers"][0]["ports"];
            let mut ports = ports.as_array().unwrap().iter();
            assert!(
                ports.any(|other| other["name"] == port["targetPort"]),
                "{path}: {port}"
            );
        }
    }
}

#[test]
fn every_certificate_is_where_its_ingress_reads_it() {
    let objects = shipped();
    let certificates = of_kind(&objects, "Certificate");
    let is_there = |namespace: &Value, secret: &Value, host: Option<&Value>| {
        certificates.iter().any(|(_, certificate)| {
            let hosts = certificate["spec"]["dnsNames"].as_array();
            certificate["metadata"]["namespace"] == *namespace
                && certificate["spec"]["secretName"] == *secret
                && host.is_none_or(|host| hosts.is_some_and(|hosts| hosts.contains(host)))
        })
    };
    for (path, ingress) in of_kind(&objects, "Ingress") {
        let tls = &ingress["spec"]["tls"][0];
        let host = Some(&ingress["spec"]["rules"][0]["host"]);
        assert!(
            is_there(&ingress["metadata"]["namespace"], &tls["secretName"], host),
            "{path}"
        );
    }
    for (path, gateway) in of_kind(&objects, "Gateway") {
        let reference = &gateway["spec"]["listeners"][1]["tls"]["certificateRefs"][0]["name"];
        assert!(
            is_there(&gateway["metadata"]["namespace"], reference, None),
            "{path}"
        );
    }
}

#[test]
fn no_role_has_a_wildcard() {
    let objects = shipped();
    let roles = [of_kind(&objects, "Role"), of_kind(&objects, "ClusterRole")].concat();
    for (path, role) in &roles {
        for rule in role["rules"].as_array().unwrap() {
            assert!(!rule.to_string().contains("\"*\""), "{path}: {rule}");
            let is_escalation = ["escalate", "bind", "impersonate"]
                .iter()
                .any(|verb| rule["verbs"].to_string().contains(verb));
            // Those of tenants are bound in one namespace each.
            let is_of_tenants = path.starts_with("components/tenancy/");
            let is_of_secrets = rule["resources"].to_string().contains("secrets");
            assert!(
                !is_escalation && (!is_of_secrets || is_of_tenants),
                "{path}: {rule}"
            );
        }
    }
    assert!(roles.len() >= 8);
    let bindings = of_kind(&objects, "ClusterRoleBinding");
    assert!(
        !bindings
            .iter()
            .any(|(path, _)| path.starts_with("components/tenancy/"))
    );
}

/// The redirect URI that Dex accepts of a client is the one that the client uses; the issuer is everywhere the same.
#[test]
fn the_login_agrees_with_itself() {
    let objects = shipped();
    let map = |name: &str| {
        let maps = of_kind(&objects, "ConfigMap");
        let found = maps.into_iter().find(|(_, map)| map["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("{name}")).1["data"].clone()
    };
    let config = Config::default();
    let dex: Value = serde_saphyr::from_str(text(&map("dex")["config.yaml"])).unwrap();
    let oidc: Value = serde_saphyr::from_str(text(&map("argocd-cm")["oidc.config"])).unwrap();
    let (login, settings) = (map("tekton-dashboard-login"), map("authentik-settings"));
    let issuer = Value::from(config.dex_issuer());
    assert_eq!(
        [
            &dex["issuer"],
            &oidc["issuer"],
            &login["OAUTH2_PROXY_OIDC_ISSUER_URL"]
        ],
        [&issuer; 3]
    );
    let clients = &dex["staticClients"];
    let callback = format!("{}/auth/callback", text(&map("argocd-cm")["url"]));
    assert_eq!(
        (&clients[0]["id"], text(&clients[0]["redirectURIs"][0])),
        (&oidc["clientID"], callback.as_str())
    );
    assert_eq!(clients[1]["redirectURIs"][0], login["OAUTH2_PROXY_REDIRECT_URL"]);
    let connector = &dex["connectors"][0]["config"];
    assert_eq!(
        [&connector["clientID"], &connector["redirectURI"]],
        [&settings["DEX_CLIENT_ID"], &settings["DEX_REDIRECT_URI"]]
    );
    assert_eq!(
        text(&settings["DEX_REDIRECT_URI"]),
        config.authentik_redirect_uri()
    );
    assert_eq!(text(&settings["DEX_PROVIDER_NAME"]), config.authentik.provider);
    let slug = text(&settings["PLATFORM_APPLICATION_SLUG"]);
    assert_eq!(
        text(&connector["issuer"]),
        format!("{}/application/o/{slug}/", config.authentik_url())
    );
    let blueprint = map("authentik-blueprints");
    for name in [
        "DEX_PROVIDER_NAME",
        "DEX_CLIENT_ID",
        "DEX_REDIRECT_URI",
        "PLATFORM_APPLICATION_SLUG",
    ] {
        assert!(
            text(&blueprint["initial-setup.yaml"]).contains(&format!("!Env {name}\n")),
            "{name}"
        );
    }
}

#[test]
fn the_groups_are_the_same_everywhere() {
    let objects = shipped();
    let blueprint = objects
        .iter()
        .find(|(path, _)| path.ends_with("authentik-blueprints.yaml"))
        .unwrap();
    let policy = objects
        .iter()
        .find(|(path, _)| path.ends_with("argocd-rbac-cm.yaml"))
        .unwrap();
    for group in ["platform-admins", "platform-operators", "platform-engineering"] {
        assert!(text(&blueprint.1["data"]["initial-setup.yaml"]).contains(&format!("name: {group}\n")));
        assert!(text(&policy.1["data"]["policy.csv"]).contains(&format!("g, {group}, role:")));
        let binds = |object: &Value| object["subjects"].to_string().contains(&format!("\"{group}\""));
        assert!(
            of_kind(&objects, "ClusterRoleBinding")
                .iter()
                .any(|(_, binding)| binds(binding)),
            "{group}"
        );
    }
}

/// A version that is not pinned is another one tomorrow; what has no digest is not installed.
#[test]
fn every_image_and_release_is_pinned() {
    for (path, object) in shipped() {
        walk(&object, &mut |field, value| {
            if field == "image" && !text(value).starts_with("$(params.") {
                let tag = text(value).rsplit_once(':').map_or("", |(_, tag)| tag);
                assert!(
                    tag.contains(|letter: char| letter.is_ascii_digit()),
                    "{path}: {value}"
                );
            }
        });
    }
    let components = Components::built_in().unwrap();
    let argocd = components.named("argocd").unwrap();
    let Source::Files { releases, .. } = &argocd.source else {
        panic!("{argocd:?}")
    };
    assert!(
        releases.iter().all(|release| release.sha256.is_some()),
        "it comes first, so it is vouched for"
    );
}
