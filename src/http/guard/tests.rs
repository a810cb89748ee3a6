use super::*;

fn address_class(text: &str) -> Class {
    class(text.parse().unwrap())
}

#[test]
fn public_addresses_are_free() {
    for text in [
        "1.1.1.1",
        "100.63.0.1",
        "172.32.0.1",
        "2606:4700::1111",
        "2002:101:101::1",
    ] {
        assert_eq!(address_class(text), Class::Public, "{text}");
    }
}

#[test]
fn internal_addresses_need_a_named_host() {
    let internal = [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "::10.0.0.1",
    ];
    let guard = Guard::new(&Config::default());
    for text in internal {
        assert!(matches!(address_class(text), Class::Internal(_)), "{text}");
        let address = text.parse().unwrap();
        for host in [
            "dex.home.local",
            "dex.auth-system.svc.cluster.local",
            "any.ns.svc",
        ] {
            assert!(guard.check(host, address).is_ok(), "{host} {text}");
        }
        for host in ["example.org", "xdex.home.local", "a.svc.example.org", text] {
            assert!(guard.check(host, address).is_err(), "{host} {text}");
        }
    }
}

#[test]
fn some_addresses_are_never_connected_to() {
    let never = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
    ];
    let guard = Guard::new(&Config::default());
    for text in never {
        assert!(matches!(address_class(text), Class::Never(_)), "{text}");
        assert!(
            guard.check("dex.home.local", text.parse().unwrap()).is_err(),
            "{text}"
        );
    }
}

#[test]
fn literal_addresses_in_urls_are_checked_in_every_notation() {
    let guard = Guard::new(&Config::default());
    let refused = [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://[::1]:80/",
        "http://[::ffff:169.254.169.254]/",
        "http://169.254.169.254/latest/meta-data/",
    ];
    for url in refused {
        assert!(guard.check_literal(&Url::parse(url).unwrap()).is_err(), "{url}");
    }
    assert!(
        guard
            .check_literal(&Url::parse("https://1.1.1.1/").unwrap())
            .is_ok()
    );
    assert!(
        guard
            .check_literal(&Url::parse("https://dex.home.local/").unwrap())
            .is_ok()
    );
}

#[test]
fn forwards_win_over_fixed_addresses_and_hold_for_one_port() {
    let mut config = Config::default();
    let (fixed, local): (SocketAddr, SocketAddr) = (
        "192.0.2.7:8443".parse().unwrap(),
        "127.0.0.1:4000".parse().unwrap(),
    );
    config.http.resolve.insert("Sso.Example.Org".to_owned(), fixed);
    let guard = Guard::new(&config);
    guard.forward("dex.ns.svc", 5556, local);
    assert_eq!(guard.route("sso.example.org", 443), Some(fixed));
    assert_eq!(guard.route("dex.ns.svc", 5556), Some(local));
    assert_eq!(guard.route("dex.ns.svc", 80), None);
    assert!(guard.is_direct("sso.example.org") && !guard.is_direct("dex.home.local"));
}
