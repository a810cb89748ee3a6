//! Tunnels and their connections.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answers::{self, Answer, Reply};
use super::database::{Database, Tunnel};
use super::options::Right;
use super::pages::{self, PageSize};
use super::route::Call;

const SIZE: PageSize = PageSize {
    usual: 20,
    most: 1000,
};
const SECRET_BYTES: usize = 32;

pub(super) fn answer(call: &mut Call<'_>, account: &str, rest: &[&str]) -> Reply {
    call.token.must(Right::TunnelEdit)?;
    if !call.database.accounts.iter().any(|known| known.id == account) {
        return Err(answers::no_route(call.request.uri.path()));
    }
    match (call.request.method.clone(), rest) {
        (Method::GET, []) => list(call, account),
        (Method::POST, []) => create(call, account),
        (Method::GET, [id]) => live(call, account, id).map(|tunnel| answers::ok(&shown(tunnel))),
        (Method::DELETE, [id]) => delete(call, account, id),
        (Method::GET, [id, "token"]) => token(call, account, id),
        (Method::GET, [id, "connections"]) => {
            let connectors = live(call, account, id)?.connectors.iter();
            let rows: Vec<Value> = connectors.map(|client| connector(client)).collect();
            Ok(answers::ok(&json!(rows)))
        }
        (Method::DELETE, [id, "connections"]) => {
            call.expect_query(&[]);
            live(call, account, id)?.connectors.clear();
            Ok(answers::ok(&json!({})))
        }
        (_, [] | [_] | [_, "token" | "connections"]) => Err(call.wrong_method()),
        _ => Err(call.unknown()),
    }
}

/// A tunnel that is not deleted.
fn live<'a>(call: &'a mut Call<'_>, account: &str, id: &str) -> Result<&'a mut Tunnel, Answer> {
    let tunnel = call.database.tunnel(account, id);
    tunnel
        .filter(|tunnel| tunnel.deleted_at.is_none())
        .ok_or_else(answers::no_tunnel)
}

/// Deleted tunnels are listed, unless the request asks for others.
fn list(call: &mut Call<'_>, account: &str) -> Reply {
    call.expect_query(&["page", "per_page", "name", "is_deleted", "include_prefix"]);
    let request = call.request;
    let is_wanted = |tunnel: &&Tunnel| {
        tunnel.account == account
            && request.filter("name").is_none_or(|name| name == tunnel.name)
            && request
                .filter("include_prefix")
                .is_none_or(|prefix| tunnel.name.starts_with(prefix))
            && request
                .filter("is_deleted")
                .is_none_or(|wanted| (wanted == "true") == tunnel.deleted_at.is_some())
    };
    if !matches!(request.filter("is_deleted"), Some("true" | "false")) {
        call.history.violation(
            request,
            "without is_deleted, deleted tunnels are listed like others",
        );
    }
    let rows: Vec<Value> = call
        .database
        .tunnels
        .iter()
        .filter(is_wanted)
        .map(shown)
        .collect();
    pages::cut(request, SIZE, &rows)
}

fn create(call: &mut Call<'_>, account: &str) -> Reply {
    call.expect_query(&[]);
    let fields = call.body(&["name", "tunnel_secret", "config_src"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, secret) = (text("name"), text("tunnel_secret"));
    if name.is_empty() || !matches!(text("config_src"), "local" | "cloudflare" | "") {
        return Err(answers::invalid(1002, "Bad Request: validation failed"));
    }
    if STANDARD.decode(secret).map_or(0, |bytes| bytes.len()) < SECRET_BYTES {
        let text = format!("Bad Request: tunnel_secret must be base64 of at least {SECRET_BYTES} bytes");
        return Err(answers::invalid(1002, &text));
    }
    let is_same =
        |tunnel: &Tunnel| tunnel.account == account && tunnel.name == name && tunnel.deleted_at.is_none();
    if call.database.tunnels.iter().any(is_same) {
        let text = "You already have a tunnel with this name.";
        return Err(answers::refused(StatusCode::CONFLICT, 1013, text));
    }
    let tunnel = insert(call.database, account, name, secret);
    let mut shown = shown(tunnel);
    // Only this answer holds the secret.
    shown["credentials_file"] = credentials(tunnel);
    shown["token"] = encoded(tunnel).into();
    Ok(answers::ok(&shown))
}

pub(super) fn insert<'a>(
    database: &'a mut Database,
    account: &str,
    name: &str,
    secret: &str,
) -> &'a mut Tunnel {
    let id = database.uuid();
    let tunnel = Tunnel {
        id,
        account: account.to_owned(),
        name: name.to_owned(),
        secret: secret.to_owned(),
        config_src: "local".to_owned(),
        created_at: Timestamp::now(),
        deleted_at: None,
        connectors: Vec::new(),
        was_connected: false,
    };
    let index = database.tunnels.len();
    database.tunnels.push(tunnel);
    &mut database.tunnels[index]
}

fn delete(call: &mut Call<'_>, account: &str, id: &str) -> Reply {
    call.expect_query(&[]);
    let tunnel = live(call, account, id)?;
    if !tunnel.connectors.is_empty() {
        let text = "Cannot delete tunnel because it has active connections";
        return Err(answers::invalid(1022, text));
    }
    tunnel.deleted_at = Some(Timestamp::now());
    Ok(answers::ok(&shown(tunnel)))
}

fn token(call: &mut Call<'_>, account: &str, id: &str) -> Reply {
    let shows = call.options.shows_credentials;
    let tunnel = live(call, account, id)?;
    if shows {
        Ok(answers::ok(&encoded(tunnel).into()))
    } else {
        Err(answers::no_tunnel())
    }
}

fn credentials(tunnel: &Tunnel) -> Value {
    json!({
        "AccountTag": tunnel.account, "TunnelID": tunnel.id, "TunnelName": tunnel.name, "TunnelSecret": tunnel.secret,
    })
}

fn encoded(tunnel: &Tunnel) -> String {
    STANDARD.encode(json!({ "a": tunnel.account, "t": tunnel.id, "s": tunnel.secret }).to_string())
}

fn connector(client: &str) -> Value {
    let connection = json!({ "client_id": client, "colo_name": "ams01", "is_pending_reconnect": false });
    json!({ "id": client, "version": "2026.1.0", "arch": "linux_amd64", "conns": [connection] })
}

pub(super) fn status(tunnel: &Tunnel) -> &'static str {
    match (tunnel.connectors.is_empty(), tunnel.was_connected) {
        (false, _) => "healthy",
        (true, true) => "down",
        (true, false) => "inactive",
    }
}

fn shown(tunnel: &Tunnel) -> Value {
    let connections: Vec<Value> = tunnel
        .connectors
        .iter()
        .map(|client| json!({ "client_id": client, "colo_name": "ams01" }))
        .collect();
    json!({
        "id": tunnel.id,
        "account_tag": tunnel.account,
        "name": tunnel.name,
        "created_at": tunnel.created_at.to_string(),
        "deleted_at": tunnel.deleted_at.map(|at| at.to_string()),
        "status": status(tunnel),
        "connections": connections,
        "tun_type": "cfd_tunnel",
        "config_src": tunnel.config_src,
        "remote_config": false,
        "metadata": {},
    })
}
