//! DNS records.

use std::collections::BTreeMap;

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answers::{self, Answer, Reply};
use super::database::{Database, Record};
use super::options::Right;
use super::pages::{self, PageSize};
use super::route::Call;

const SIZE: PageSize = PageSize {
    usual: 100,
    most: 5_000_000,
};
const FIELDS: [&str; 6] = ["type", "name", "content", "proxied", "ttl", "comment"];
/// On the free plan.
const LONGEST_COMMENT: usize = 100;

pub(super) fn answer(call: &mut Call<'_>, zone: &str, rest: &[&str]) -> Reply {
    call.token.must(Right::DnsEdit)?;
    if !call.database.zones.iter().any(|known| known.id == zone) {
        return Err(answers::no_route(call.request.uri.path()));
    }
    match (call.request.method.clone(), rest) {
        (Method::GET, []) => list(call, zone),
        (Method::POST, []) => create(call, zone),
        (Method::PATCH, [id]) => change(call, zone, id),
        (Method::DELETE, [id]) => delete(call, zone, id),
        (_, [] | [_]) => Err(call.wrong_method()),
        _ => Err(call.unknown()),
    }
}

fn list(call: &mut Call<'_>, zone: &str) -> Reply {
    call.expect_query(&["page", "per_page", "name", "type"]);
    let request = call.request;
    let is_wanted = |record: &&Record| {
        let is = |field: &str| {
            request
                .filter(field)
                .is_none_or(|value| value == record.text(field))
        };
        record.zone == zone && is("name") && is("type")
    };
    let rows: Vec<Value> = call
        .database
        .records
        .iter()
        .filter(is_wanted)
        .map(shown)
        .collect();
    pages::cut(request, SIZE, &rows)
}

fn create(call: &mut Call<'_>, zone: &str) -> Reply {
    call.expect_query(&[]);
    let sent = call.body(&FIELDS)?;
    let fields = complete(call.database, zone, BTreeMap::new(), sent)?;
    collides(call.database, zone, None, &fields)?;
    Ok(answers::ok(&shown(insert(call.database, zone, fields))))
}

pub(super) fn insert<'a>(
    database: &'a mut Database,
    zone: &str,
    fields: BTreeMap<String, Value>,
) -> &'a Record {
    let record = Record {
        id: database.id(),
        zone: zone.to_owned(),
        fields,
        created_on: Timestamp::now(),
        modified_on: Timestamp::now(),
    };
    let index = database.records.len();
    database.records.push(record);
    &database.records[index]
}

fn position(call: &Call<'_>, zone: &str, id: &str) -> Result<usize, Answer> {
    let mut records = call.database.records.iter();
    records
        .position(|record| record.zone == zone && record.id == id)
        .ok_or_else(answers::no_record)
}

fn change(call: &mut Call<'_>, zone: &str, id: &str) -> Reply {
    call.expect_query(&[]);
    let at = position(call, zone, id)?;
    let sent = call.body(&FIELDS)?;
    let before = call.database.records[at].fields.clone();
    let fields = complete(call.database, zone, before, sent)?;
    collides(call.database, zone, Some(id), &fields)?;
    let record = &mut call.database.records[at];
    (record.fields, record.modified_on) = (fields, Timestamp::now());
    Ok(answers::ok(&shown(record)))
}

fn delete(call: &mut Call<'_>, zone: &str, id: &str) -> Reply {
    call.expect_query(&[]);
    let at = position(call, zone, id)?;
    call.database.records.remove(at);
    Ok(answers::ok(&json!({ "id": id })))
}

/// All fields after a write, or what is wrong with them.
pub(super) fn complete(
    database: &Database,
    zone: &str,
    before: BTreeMap<String, Value>,
    sent: Map<String, Value>,
) -> Result<BTreeMap<String, Value>, Answer> {
    let mut fields = BTreeMap::from([
        ("proxied".to_owned(), json!(false)),
        ("ttl".to_owned(), json!(1)),
        ("comment".to_owned(), Value::Null),
    ]);
    fields.extend(before);
    fields.extend(sent);
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    if !matches!(text("type").as_str(), "A" | "AAAA" | "CNAME" | "TXT") {
        return Err(answers::invalid(9004, "DNS record type is invalid."));
    }
    let content = text("content");
    let has_address = content.parse::<std::net::IpAddr>().is_ok();
    let wants_address = matches!(text("type").as_str(), "A" | "AAAA");
    if content.is_empty() || (text("type") != "TXT" && has_address != wants_address) {
        return Err(answers::invalid(9007, "Content for the record is invalid."));
    }
    if !matches!(fields["proxied"], Value::Bool(_)) {
        return Err(answers::invalid(9003, "Proxied must be a boolean."));
    }
    if !fields["ttl"]
        .as_u64()
        .is_some_and(|ttl| ttl == 1 || (60..=86400).contains(&ttl))
    {
        return Err(answers::invalid(
            9021,
            "Invalid TTL. Must be between 60 and 86400 seconds, or 1.",
        ));
    }
    if text("comment").chars().count() > LONGEST_COMMENT {
        return Err(answers::invalid(9213, "The comment is too long."));
    }
    let name = qualified(database, zone, &text("name").to_ascii_lowercase())?;
    fields.insert("name".to_owned(), name.into());
    Ok(fields)
}

/// What is not below the zone is taken to be relative to it.
fn qualified(database: &Database, zone: &str, name: &str) -> Result<String, Answer> {
    let mut zones = database.zones.iter();
    let zone = zones
        .find(|known| known.id == zone)
        .map(|known| known.name.as_str());
    match zone {
        _ if name.is_empty() => Err(answers::invalid(9000, "DNS name is invalid.")),
        Some(zone) if name == zone || name.ends_with(&format!(".{zone}")) => Ok(name.to_owned()),
        Some(zone) => Ok(format!("{name}.{zone}")),
        None => Err(answers::no_route(name)),
    }
}

/// A name with a CNAME has no other record of these types.
fn collides(
    database: &Database,
    zone: &str,
    this: Option<&str>,
    fields: &BTreeMap<String, Value>,
) -> Result<(), Answer> {
    let others = database.records.iter();
    let others = others
        .filter(|other| other.zone == zone && Some(other.id.as_str()) != this)
        .filter(|other| other.fields["name"] == fields["name"]);
    let is_host = |kind: &Value| ["A", "AAAA", "CNAME"].iter().any(|host| kind == host);
    for other in others {
        let (kind, others) = (&fields["type"], &other.fields["type"]);
        match () {
            () if kind == others && fields["content"] == other.fields["content"] && kind != "CNAME" => {
                return Err(answers::invalid(81058, "An identical record already exists."));
            }
            () if kind == "CNAME" && is_host(others) => {
                let text = "An A, AAAA, or CNAME record with that host already exists.";
                return Err(answers::invalid(81053, text));
            }
            () if is_host(kind) && others == "CNAME" => {
                return Err(answers::invalid(
                    81054,
                    "A CNAME record with that host already exists.",
                ));
            }
            () => {}
        }
    }
    Ok(())
}

fn shown(record: &Record) -> Value {
    let mut shown = json!({
        "id": record.id,
        "created_on": record.created_on.to_string(),
        "modified_on": record.modified_on.to_string(),
        "proxiable": record.text("type") != "TXT",
        "settings": {},
        "meta": {},
        "tags": [],
    });
    for (name, value) in &record.fields {
        shown[name] = value.clone();
    }
    shown
}
