use super::*;
use crate::{model::config, render::components};
use serde_json::json;

fn mk_config(text: &str) -> Config {
    config::parse(text).unwrap()
}

const ELSEWHERE: &str = "
namespaces: {auth: login, argocd: cd, tekton: ci, platform: base}
hosts: {auth: id.example.org, dex: sso.example.org, argocd: cd.example.org, tekton: ci.example.org, webhooks: example.org}
authentik: {slug: services, clientID: dex-2}
dex: {deployment: sso}
gitops: {repoURL: 'https://git.example.org/platform.git', revision: v7, path: deploy/}
images: {ghcr.io/: mirror.example.org/ghcr/}
imagePullSecrets: [mirror]
";

fn all_objects(config: &Config) -> Vec<Value> {
    let list = Components::built_in().unwrap();
    let chosen = list.select(&Default::default(), config.profile).unwrap();
    let objects = chosen
        .into_iter()
        .flat_map(|component| components::objects(component, config).unwrap());
    objects.collect()
}

fn find(objects: &[Value], kind: &str, name: &str) -> Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("{kind} {name}"))
        .clone()
}

#[test]
fn the_default_configuration_changes_nothing() {
    for profile in Profile::ALL {
        let config = Config {
            profile,
            ..Config::default()
        };
        for component in Components::built_in().unwrap().all() {
            for (path, text) in component.own_files(profile) {
                for object in components::read(path, text).unwrap() {
                    let mut overlaid = object.clone();
                    apply(&mut overlaid, &config).unwrap();
                    assert_eq!(overlaid, object, "{path}");
                }
            }
        }
    }
}

/// What the platform is called by default is in no object of one that is called otherwise.
#[test]
fn nothing_of_the_defaults_is_left() {
    for profile in Profile::ALL {
        let config = Config {
            profile,
            ..mk_config(ELSEWHERE)
        };
        let names = [
            "auth-system",
            "tekton-pipelines",
            "platform-system",
            "home.local",
            "ghcr.io/dex",
        ];
        for object in all_objects(&config) {
            let text = object.to_string();
            let left: Vec<&str> = names.into_iter().filter(|name| text.contains(name)).collect();
            assert!(left.is_empty(), "{left:?} in {object:#}");
            assert_ne!(object["metadata"]["namespace"], "argocd", "{object:#}");
        }
    }
}

#[test]
fn dex_is_told_where_everything_is() {
    let objects = all_objects(&mk_config(ELSEWHERE));
    let map = find(&objects, "ConfigMap", "dex");
    let dex: Value = serde_saphyr::from_str(map["data"]["config.yaml"].as_str().unwrap()).unwrap();
    assert_eq!(dex["issuer"], "https://sso.example.org");
    assert_eq!(
        dex["staticClients"][0]["redirectURIs"],
        json!(["https://cd.example.org/auth/callback"])
    );
    assert_eq!(
        dex["staticClients"][2]["redirectURIs"][0],
        "http://localhost:8000/callback"
    );
    let connector = &dex["connectors"][0]["config"];
    assert_eq!(
        connector["issuer"],
        "http://authentik.login.svc.cluster.local:9000/application/o/services/"
    );
    assert_eq!(
        connector["providerDiscoveryOverrides"]["authURL"],
        "https://id.example.org/application/o/authorize/"
    );
    assert_eq!(connector["redirectURI"], "https://sso.example.org/callback");
    let settings = find(&objects, "ConfigMap", "authentik-settings");
    assert_eq!(settings["data"]["DEX_CLIENT_ID"], "dex-2");
    assert_eq!(settings["data"]["DEX_REDIRECT_URI"], connector["redirectURI"]);
}

#[test]
fn argo_cd_and_the_dashboard_know_the_issuer() {
    let objects = all_objects(&mk_config(ELSEWHERE));
    let argocd = find(&objects, "ConfigMap", "argocd-cm");
    assert_eq!(argocd["data"]["url"], "https://cd.example.org");
    let oidc: Value = serde_saphyr::from_str(argocd["data"]["oidc.config"].as_str().unwrap()).unwrap();
    assert_eq!(oidc["issuer"], "https://sso.example.org");
    assert_eq!(oidc["clientSecret"], "$oidc.dex.clientSecret");
    let login = find(&objects, "ConfigMap", "tekton-dashboard-login");
    assert_eq!(
        login["data"]["OAUTH2_PROXY_REDEEM_URL"],
        "http://sso.login.svc.cluster.local:5556/token"
    );
    assert_eq!(
        login["data"]["OAUTH2_PROXY_REDIRECT_URL"],
        "https://ci.example.org/auth/callback"
    );
}

#[test]
fn images_are_replaced_wherever_a_kind_has_one() {
    let config = mk_config(ELSEWHERE);
    let pod = |image: &str| {
        json!({
            "initContainers": [{"name": "a", "image": image}],
            "containers": [{"name": "b", "image": "docker.io/other:1", "args": [
                "-nop-image", image, "-shell-image", "docker.io/shell:1", "--acme-http01-solver-image=ghcr.io/solver:1", "ghcr.io/no-image"]}],
        })
    };
    let mut object = json!({"kind": "CronJob", "metadata": {},
                            "spec": {"jobTemplate": {"spec": {"template": {"spec": pod("ghcr.io/nop:1")}}}}});
    apply(&mut object, &config).unwrap();
    let found = &object["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(
        found["initContainers"][0]["image"],
        "mirror.example.org/ghcr/nop:1"
    );
    assert_eq!(found["containers"][0]["image"], "docker.io/other:1");
    let arguments = json!([
        "-nop-image",
        "mirror.example.org/ghcr/nop:1",
        "-shell-image",
        "docker.io/shell:1",
        "--acme-http01-solver-image=mirror.example.org/ghcr/solver:1",
        "ghcr.io/no-image"
    ]);
    assert_eq!(found["containers"][0]["args"], arguments);
    assert_eq!(found["imagePullSecrets"], json!([{"name": "mirror"}]));
    let again = object.clone();
    apply(&mut object, &config).unwrap();
    assert_eq!(object, again, "a Secret is named once");
}

#[test]
fn applications_are_read_from_the_configured_repository() {
    let config = mk_config(ELSEWHERE);
    let list = Components::built_in().unwrap();
    let application = |name: &str| components::application(list.named(name).unwrap(), &config).unwrap();
    let auth = application("auth").unwrap();
    let source = json!({"repoURL": "https://git.example.org/platform.git", "targetRevision": "v7",
                        "path": "deploy/components/auth", "directory": {"recurse": true}});
    assert_eq!(auth["spec"]["source"], source);
    assert_eq!(
        (
            &auth["metadata"]["namespace"],
            &auth["spec"]["destination"]["namespace"]
        ),
        (&json!("cd"), &json!("login"))
    );
    let difference = &auth["spec"]["ignoreDifferences"][0];
    assert_eq!(
        (&difference["name"], &difference["namespace"]),
        (&json!("sso"), &json!("login"))
    );
    assert_eq!(
        application("tekton").unwrap()["spec"]["source"]["path"],
        "deploy/vendor/tekton"
    );
    assert_eq!(
        application("external-secrets").unwrap()["spec"]["source"]["chart"],
        "external-secrets"
    );
    assert_eq!(application("argocd"), None);
    let k3s = Config {
        profile: Profile::K3s,
        ..config
    };
    let ingress = components::application(list.named("ingress").unwrap(), &k3s)
        .unwrap()
        .unwrap();
    assert_eq!(ingress["spec"]["source"]["path"], "deploy/components/ingress/k3s");
    let root = components::root(&list, &k3s).unwrap();
    assert_eq!(
        root["spec"]["source"]["directory"]["exclude"],
        "{ingress-controller.yaml}"
    );
}

#[test]
fn without_a_repository_the_address_leads_nowhere() {
    let list = Components::built_in().unwrap();
    let auth = components::application(list.named("auth").unwrap(), &Config::default())
        .unwrap()
        .unwrap();
    let source = &auth["spec"]["source"];
    assert_eq!(source["repoURL"], "https://gitops.invalid/platform.git");
    assert_eq!(source["path"], "manifests/components/auth");
}

#[test]
fn a_text_that_is_something_else_is_refused() {
    let mut map = json!({"kind": "ConfigMap", "metadata": {"name": "dex"}, "data": {"config.yaml": "- a"}});
    let error = apply(&mut map, &Config::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "ConfigMap dex: config.yaml cannot be read: it is no mapping"
    );
}

#[test]
fn public_hosts_must_be_in_the_zone() {
    assert!(
        hosts_outside_the_zone(&Config::default()).is_empty(),
        "nobody certifies them"
    );
    assert_eq!(hosts_outside_the_zone(&mk_config("profile: k3s")).len(), 4);
    let config = Config {
        profile: Profile::K3s,
        ..mk_config(ELSEWHERE)
    };
    assert_eq!(hosts_outside_the_zone(&config), [] as [&str; 0]);
}

#[test]
fn namespaces_carry_the_level_of_what_runs_there() {
    let list = Components::built_in().unwrap();
    let found = components::namespaces(list.named("auth").unwrap(), &mk_config(ELSEWHERE));
    assert_eq!(found[0]["metadata"]["name"], "login");
    assert_eq!(
        found[0]["metadata"]["labels"][crate::render::POD_SECURITY_LABEL],
        "restricted"
    );
}
