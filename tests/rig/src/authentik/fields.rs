//! Validation of bodies, with the texts of Django REST framework.

use serde_json::{Map, Value, json};

use super::answers::{self, Answer};
use super::call::{Call, python_type};
use super::database::{Database, Fields, text};
use super::entropy::is_uuid;
use super::redirect_uris;

pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    absent: Absent,
    nullable: bool,
}

pub(super) enum Kind {
    /// A trimmed text of at most so many characters, perhaps empty.
    Text {
        max: usize,
        blank: bool,
    },
    /// Letters, digits, underscores, hyphens.
    Slug,
    Choice(&'static [&'static str]),
    Flag,
    Object,
    /// The key of one object.
    One(Table),
    /// The keys of any number of objects.
    Many(Table),
    /// A list of texts.
    Texts,
    /// A list of choices.
    Choices(&'static [&'static str]),
    /// A list of `{matching_mode, url}`, since 2024.12; with `redirect_uri_type` in the versions that have it.
    RedirectUris {
        typed: bool,
    },
    /// Accepted and thrown away.
    Ignored,
}

/// What a key refers to.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Users,
    Groups,
    Roles,
    Providers,
    Flows,
    Mappings,
    Certificates,
}

enum Absent {
    Refuse,
    Take(Value),
}

pub(super) fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        absent: Absent::Refuse,
        nullable: false,
    }
}

pub(super) fn optional(name: &'static str, kind: Kind, default: impl Into<Value>) -> Field {
    let default = default.into();
    Field {
        name,
        kind,
        nullable: default.is_null(),
        absent: Absent::Take(default),
    }
}

impl Field {
    /// Refuses null, though the default is null.
    pub(super) fn not_null(self) -> Self {
        Self {
            nullable: false,
            ..self
        }
    }

    /// The field's name and default, if it has one.
    pub(super) fn into_default(self) -> Option<(String, Value)> {
        match self.absent {
            Absent::Refuse => None,
            Absent::Take(value) => Some((self.name.into(), value)),
        }
    }
}

pub(super) const SHORT_TEXT: Kind = Kind::Text {
    max: 255,
    blank: false,
};
pub(super) const ANY_TEXT: Kind = Kind::Text {
    max: usize::MAX,
    blank: true,
};

/// The validated fields of the request's body. With PATCH, absent fields stay absent; else they are refused or take their
/// default.
pub(super) fn clean(call: &mut Call<'_>, fields: &[Field]) -> Result<Fields, Answer> {
    let partial = call.request.method == http::Method::PATCH;
    clean_as(call, fields, partial)
}

/// The validated fields of a body that is always complete, also with PATCH.
pub(super) fn clean_whole(call: &mut Call<'_>, fields: &[Field]) -> Result<Fields, Answer> {
    clean_as(call, fields, false)
}

fn clean_as(call: &mut Call<'_>, fields: &[Field], partial: bool) -> Result<Fields, Answer> {
    let body = call.body()?;
    for name in body
        .keys()
        .filter(|name| fields.iter().all(|field| field.name != name.as_str()))
    {
        call.world.violation(
            call.request,
            &format!("the field {name:?} is not writable here and is ignored"),
        );
    }
    let mut cleaned = Map::new();
    let mut errors = Map::new();
    for field in fields {
        match body.get(field.name) {
            Some(Value::Null) if field.nullable => _ = cleaned.insert(field.name.into(), Value::Null),
            Some(Value::Null) => _ = errors.insert(field.name.into(), json!(["This field may not be null."])),
            Some(value) => match field.kind.clean(&call.world.database, value, partial) {
                Ok(value) => _ = cleaned.insert(field.name.into(), value),
                Err(error) => _ = errors.insert(field.name.into(), error),
            },
            None if partial => {}
            None => match &field.absent {
                Absent::Refuse => _ = errors.insert(field.name.into(), json!(["This field is required."])),
                Absent::Take(value) => _ = cleaned.insert(field.name.into(), value.clone()),
            },
        }
    }
    if errors.is_empty() {
        Ok(cleaned)
    } else {
        Err(answers::bad_request(&Value::Object(errors)))
    }
}

/// 400 with one message for one field.
pub(super) fn invalid(field: &str, message: &str) -> Answer {
    let mut errors = Map::new();
    errors.insert(field.into(), json!([message]));
    answers::bad_request(&Value::Object(errors))
}

impl Kind {
    /// The value to store, or the error to show beside the field's name.
    fn clean(&self, database: &Database, value: &Value, partial: bool) -> Result<Value, Value> {
        match self {
            Self::Text { max, blank } => clean_text(value, *max, *blank),
            Self::Slug => clean_slug(value),
            Self::Choice(choices) => clean_choice(value, choices),
            Self::Texts => each(value, |item| clean_text(item, usize::MAX, false)),
            Self::Choices(choices) => each(value, |item| clean_choice(item, choices)),
            Self::Flag => clean_flag(value),
            Self::Object if value.is_object() => Ok(value.clone()),
            Self::Object => Err(json!([
                "Value must be a dictionary, and not have any duplicate keys."
            ])),
            Self::One(table) => table.clean(database, value),
            Self::Many(table) => each(value, |item| table.clean(database, item)),
            Self::RedirectUris { typed } => redirect_uris::clean(value, partial, *typed),
            Self::Ignored => Ok(value.clone()),
        }
    }
}

/// Numbers become text, everything else that is no text is refused; white space around it goes (recorded).
pub(super) fn clean_text(value: &Value, max: usize, blank: bool) -> Result<Value, Value> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(json!(["Not a valid string."])),
    };
    if text.is_empty() && !blank {
        return Err(json!(["This field may not be blank."]));
    }
    if text.chars().count() > max {
        return Err(json!([format!(
            "Ensure this field has no more than {max} characters."
        )]));
    }
    if text.contains('\0') {
        return Err(json!(["Null characters are not allowed."]));
    }
    Ok(Value::String(text))
}

fn clean_slug(value: &Value) -> Result<Value, Value> {
    let text = clean_text(value, 255, false)?;
    let is_slug = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    if text.as_str().is_some_and(is_slug) {
        return Ok(text);
    }
    Err(json!([
        "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."
    ]))
}

pub(super) fn clean_choice(value: &Value, choices: &[&str]) -> Result<Value, Value> {
    match value.as_str() {
        Some(text) if choices.contains(&text) => Ok(value.clone()),
        Some(text) => Err(json!([format!("\"{text}\" is not a valid choice.")])),
        None => Err(json!([format!("\"{value}\" is not a valid choice.")])),
    }
}

fn clean_flag(value: &Value) -> Result<Value, Value> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(json!(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(json!(false)),
        _ => Err(json!(["Must be a valid boolean."])),
    }
}

fn each(value: &Value, clean: impl Fn(&Value) -> Result<Value, Value>) -> Result<Value, Value> {
    let Some(items) = value.as_array() else {
        return Err(json!([format!(
            "Expected a list of items but got type \"{}\".",
            python_type(value)
        )]));
    };
    items
        .iter()
        .map(clean)
        .collect::<Result<Vec<_>, _>>()
        .map(Value::Array)
}

impl Table {
    fn clean(self, database: &Database, value: &Value) -> Result<Value, Value> {
        let known = match self {
            Self::Users => integer(value)?.is_some_and(|pk| database.users.contains_key(&pk)),
            Self::Providers => integer(value)?.is_some_and(|pk| database.providers.contains_key(&pk)),
            Self::Groups => database.groups.contains_key(uuid(value)?),
            Self::Roles => database.roles.contains_key(uuid(value)?),
            Self::Flows => has_pk(&database.flows, uuid(value)?),
            Self::Mappings => has_pk(&database.mappings, uuid(value)?),
            Self::Certificates => has_pk(&database.certificates, uuid(value)?),
        };
        if known {
            return Ok(value.clone());
        }
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Err(json!([format!(
            "Invalid pk \"{shown}\" - object does not exist."
        )]))
    }
}

fn has_pk(rows: &[Fields], pk: &str) -> bool {
    rows.iter().any(|row| text(row, "pk") == pk)
}

fn integer(value: &Value) -> Result<Option<i64>, Value> {
    match value {
        Value::Number(number) => Ok(number.as_i64()),
        _ => Err(json!([format!(
            "Incorrect type. Expected pk value, received {}.",
            python_type(value)
        )])),
    }
}

fn uuid(value: &Value) -> Result<&str, Value> {
    match value.as_str() {
        Some(text) if is_uuid(text) => Ok(text),
        Some(text) => Err(json!([format!("“{text}” is not a valid UUID.")])),
        None => Err(json!([format!("“{value}” is not a valid UUID.")])),
    }
}
