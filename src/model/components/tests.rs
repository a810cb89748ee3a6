use super::*;

fn mk_list(components: &str) -> String {
    format!("apiVersion: ops.aphex.io/v1alpha1\nkind: Components\ncomponents:\n{components}")
}

fn names(selection: &Selection, profile: Profile) -> Vec<String> {
    let components = Components::built_in().unwrap();
    let chosen = components.select(selection, profile).unwrap();
    chosen.iter().map(|component| component.name.clone()).collect()
}

fn refusal(selection: &Selection, profile: Profile) -> String {
    let components = Components::built_in().unwrap();
    components.select(selection, profile).unwrap_err().to_string()
}

#[test]
fn the_built_in_waves_are_those_of_the_platform() {
    let components = Components::built_in().unwrap();
    let chosen = components.select(&Selection::default(), Profile::K3s).unwrap();
    let waves: Vec<(i64, Vec<&str>)> = by_wave(&chosen)
        .into_iter()
        .map(|(wave, members)| (wave, members.iter().map(|member| member.name.as_str()).collect()))
        .collect();
    let expected = [
        (-1, vec!["argocd"]),
        (1, vec!["tekton"]),
        (3, vec!["gpu"]),
        (5, vec!["crds", "tenancy", "rbac"]),
        (10, vec!["cert-manager"]),
        (15, vec!["external-secrets"]),
        (20, vec!["cert-foundation", "auth", "controllers", "catalog"]),
        (30, vec!["ingress", "gateway", "external-dns"]),
    ];
    assert_eq!(waves, expected);
    let kind = names(&Selection::default(), Profile::Kind);
    assert_eq!(kind[1], "ingress-controller");
    for name in ["gpu", "gateway", "external-dns"] {
        assert!(!kind.iter().any(|other| other == name), "{name}");
    }
}

#[test]
fn selections() {
    let wave = Selection {
        waves: vec![20],
        skip: vec!["catalog".into()],
        ..Selection::default()
    };
    assert_eq!(
        names(&wave, Profile::Kind),
        ["cert-foundation", "auth", "controllers"]
    );
    let only = Selection {
        only: vec!["auth".into(), "argocd".into()],
        ..Selection::default()
    };
    assert_eq!(names(&only, Profile::Kind), ["argocd", "auth"]);
}

#[test]
fn what_is_not_there_is_refused_with_what_was_meant() {
    let only = |name: &str| Selection {
        only: vec![name.into()],
        ..Selection::default()
    };
    let slip = refusal(&only("cert-manger"), Profile::Kind);
    assert!(slip.contains("did you mean \"cert-manager\"?"), "{slip}");
    let other = refusal(&only("prometheus"), Profile::Kind);
    assert!(!other.contains("mean") && other.contains("argocd, "), "{other}");
    let foreign = refusal(&only("gateway"), Profile::Kind);
    assert_eq!(foreign, "the profile kind has no component \"gateway\"");
    let wave = Selection {
        waves: vec![2],
        ..Selection::default()
    };
    let wave = refusal(&wave, Profile::Kind);
    assert_eq!(
        wave,
        "there is no wave 2; the waves are -1, 0, 1, 5, 10, 15, 20, 30"
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let digest = "A".repeat(64);
    let text = mk_list(&format!(
        "- {{name: a, why: x, wave: ten, profiles: [kind, k8s, kind], source: {{ours: true}}}}
- {{name: a, why: x, wave: 100, source: {{ours: true, chart: {{repository: 'http://x', name: x, version: latest}}}}}}
- {{name: B, why: x, wave: 1.5, namespaces: [{{name: n, podSecurity: strict}}], source: {{perProfile: true}}}}
- name: c
  why: x
  wave: 0
  source:
    releases:
      - {{name: r, version: v1, url: 'http://x/v1/r.yaml', sha256: {digest}}}
      - {{name: r, version: v2, url: 'https://x/v1/r.yaml', sha256: null}}
- {{name: d, why: x, wave: 0, source: {{rendered: uninstall}}}}
"
    ));
    let ComponentsError::Invalid(problems) = Components::parse(&text).unwrap_err() else {
        panic!("it is a list");
    };
    let expected = [
        "a: the wave \"ten\" is no whole number from -1 to 99",
        "a: there is no profile \"k8s\"; the profiles are kind, k3s",
        "a: the profile kind is there twice",
        "a: is there twice",
        "a: the wave 100 is no whole number from -1 to 99",
        "a: needs one source: files (ours, releases), a chart, or what is rendered",
        "a: http://x is neither https nor oci",
        "a: \"latest\" is no version",
        "B: \"B\" is not a DNS label (RFC 1123)",
        "B: the wave 1.5 is no whole number from -1 to 99",
        "B: there is no level \"strict\" of Pod Security",
        "B: needs one source: files (ours, releases), a chart, or what is rendered",
        "B: perProfile is about files of ours, and there are none",
        "c: the release r is there twice",
        "c: http://x/v1/r.yaml is not https",
        &format!("c: {digest:?} is no SHA-256 (64 lower-case hexadecimal digits)"),
        "c: https://x/v1/r.yaml does not say the version v2",
        "d: nothing renders \"uninstall\"",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn another_text_is_refused_with_its_place() {
    let unknown = Components::parse(&mk_list("- {name: a, colour: red}\n")).unwrap_err();
    assert!(
        matches!(&unknown, ComponentsError::Syntax(text) if text.contains("colour")),
        "{unknown}"
    );
    let other = Components::parse("apiVersion: v1\nkind: List\ncomponents: []\n").unwrap_err();
    assert!(
        other.to_string().starts_with("this is a v1 List; expected"),
        "{other}"
    );
}

#[test]
fn folders_follow_the_source() {
    let components = Components::built_in().unwrap();
    let folders = |name: &str| {
        let component = components.named(name).unwrap();
        (
            component.own_folder(Profile::K3s),
            component.git_folder(Profile::K3s),
        )
    };
    let some = |folder: &str| Some(folder.to_owned());
    assert_eq!(
        folders("auth"),
        (some("components/auth"), some("components/auth"))
    );
    assert_eq!(folders("ingress").1, some("components/ingress/k3s"));
    assert_eq!(
        folders("argocd"),
        (some("components/argocd"), some("vendor/argocd"))
    );
    assert_eq!(folders("controllers"), (None, some("vendor/controllers")));
    assert_eq!(folders("external-secrets"), (None, None));
    let ingress = components.named("ingress").unwrap();
    assert!(
        ingress
            .own_files(Profile::Kind)
            .all(|(path, _)| path.starts_with("components/ingress/kind/"))
    );
    assert_eq!(ingress.own_files(Profile::Kind).count(), 4);
}
