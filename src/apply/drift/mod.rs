//! Whether a server-side apply would change an object, decided without asking the server.
//!
//! The live object says in its `managedFields` which fields an earlier apply of ours owns. If at every place these are
//! exactly the fields that are wanted, and their values are the wanted ones, an apply changes nothing. What cannot be
//! proved so is [`Drift::Unknown`], never a guess: then a dry run of the apply decides, see [`changes`].

mod defaults;
mod quantity;
mod values;

#[cfg(test)]
mod tests;

use defaults::Kind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Fields of `metadata` that name the object, or that the server keeps: no apply owns them.
const UNOWNED: [&str; 8] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Top-level fields that an apply does not store as they are sent.
const NOT_KEPT: [&str; 2] = ["status", "stringData"];

/// The mark in a field set that the node itself is owned.
const ITSELF: &str = ".";

/// What an apply would do, from the surest "nothing" to the surest "something": several places together are as
/// their worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// Nothing, for sure.
    Unchanged,
    /// It cannot be told from here: the server has to be asked.
    Unknown,
    /// It would change a value, or what we own.
    Changed,
}

/// What a server-side apply of `desired` by `manager` would do to `live`.
///
/// Both are objects as the API server writes them, `live` with its `apiVersion` and `managedFields`. It is about the
/// object alone: an object of another name must not be passed, and no webhook is asked.
#[must_use]
pub fn drift(live: &Value, manager: &str, desired: &Value) -> Drift {
    let not_kept = NOT_KEPT.iter().any(|field| desired.get(field).is_some());
    if not_kept || has_null(desired) || live["apiVersion"] != desired["apiVersion"] {
        return Drift::Unknown;
    }
    match (ours(live, manager), fields(desired)) {
        (Some((owned, others)), Some(wanted)) => {
            let kind = Kind::of(desired);
            let form = if kind.has_quantities() {
                Form::MayHoldQuantities
            } else {
                Form::Plain
            };
            let whole = Place {
                owned,
                others,
                kind,
                name: "",
                form,
            };
            whole.map(&wanted, live)
        }
        _ => Drift::Unknown,
    }
}

/// Whether the server's `answer` to a dry run of an apply differs from the object that it was applied to.
///
/// When an entry of `managedFields` was written is no difference, nor their order: the server sorts them by that time.
#[must_use]
pub fn changes(live: &Value, answer: &Value) -> bool {
    let lasting = |object: &Value| {
        let mut object = object.clone();
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        if let Some(metadata) = metadata {
            metadata.remove("resourceVersion");
            let entries = metadata.get_mut("managedFields").and_then(Value::as_array_mut);
            if let Some(entries) = entries {
                for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                    entry.remove("time");
                }
                entries.sort_by_cached_key(Value::to_string);
            }
        }
        object
    };
    lasting(live) != lasting(answer)
}

/// Whether an apply by `manager` owns the field at that path of names.
pub(super) fn owns(live: &Value, manager: &str, path: &[&str]) -> bool {
    let Some((owned, _)) = ours(live, manager) else {
        return false;
    };
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let first = owned.get(&format!("f:{first}"));
    let last = rest
        .iter()
        .try_fold(first, |below, name| Some(below?.get(format!("f:{name}"))));
    last.flatten().is_some()
}

/// The field set of our one apply, and those of everybody else; `None` if there is not exactly one, of this version.
fn ours<'a>(live: &'a Value, manager: &str) -> Option<(&'a Map<String, Value>, Vec<&'a Value>)> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let is_ours = |entry: &&Value| {
        let subresource = entry["subresource"].as_str().unwrap_or_default();
        entry["manager"] == manager && entry["operation"] == "Apply" && subresource.is_empty()
    };
    let (ours, others): (Vec<&Value>, Vec<&Value>) = entries.iter().partition(is_ours);
    let [entry] = ours.as_slice() else { return None };
    if entry["apiVersion"] != live["apiVersion"] || entry["fieldsType"] != "FieldsV1" {
        return None;
    }
    let others = others.into_iter().map(|entry| &entry["fieldsV1"]).collect();
    Some((entry["fieldsV1"].as_object()?, others))
}

/// The desired object without what no apply owns.
fn fields(desired: &Value) -> Option<Map<String, Value>> {
    let mut fields = desired.as_object()?.clone();
    fields.retain(|name, _| name != "apiVersion" && name != "kind");
    if let Some(metadata) = fields.get_mut("metadata") {
        let metadata = metadata.as_object_mut()?;
        metadata.retain(|name, _| !UNOWNED.contains(&name.as_str()));
        if metadata.is_empty() {
            fields.remove("metadata");
        }
    }
    Some(fields)
}

/// A null is dropped at some places and kept at others.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        _ => false,
    }
}

/// One place of the object: what of it we own, and what others do.
struct Place<'a> {
    owned: &'a Map<String, Value>,
    others: Vec<&'a Value>,
    kind: Kind,
    /// In field sets.
    name: &'a str,
    form: Form,
}

/// What the values at a place may be, besides what they look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Below it may be `resources` or `hard`.
    MayHoldQuantities,
    /// It is `resources`.
    Resources,
    /// It is a map of quantities.
    Quantities,
    Quantity,
}

impl Form {
    fn below(self, name: &str) -> Self {
        match (self, name) {
            (Self::MayHoldQuantities, "f:resources") => Self::Resources,
            (Self::MayHoldQuantities, "f:hard") | (Self::Resources, "f:limits" | "f:requests") => {
                Self::Quantities
            }
            (Self::MayHoldQuantities, _) => Self::MayHoldQuantities,
            (Self::Quantities, _) => Self::Quantity,
            _ => Self::Plain,
        }
    }
}

impl<'a> Place<'a> {
    /// The place below this one that has the name in field sets.
    fn below(&self, name: &str) -> Option<Self> {
        let (name, owned) = self.owned.get_key_value(name)?;
        Some(Self {
            owned: owned.as_object()?,
            others: self.others.iter().filter_map(|other| other.get(name)).collect(),
            kind: self.kind,
            name,
            form: self.form.below(name),
        })
    }

    /// What we own below it, without the mark of the node itself.
    fn parts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.owned
            .keys()
            .map(String::as_str)
            .filter(|name| *name != ITSELF)
    }

    fn value(&self, desired: &Value, live: Option<&Value>) -> Drift {
        if self.parts().next().is_none() {
            return self.whole(desired, live);
        }
        let all = |prefix: &str| self.parts().all(|name| name.starts_with(prefix));
        match (desired, live) {
            (Value::Object(desired), Some(live)) if all("f:") => self.map(desired, live),
            (Value::Array(desired), Some(Value::Array(live))) if all("k:") => self.keyed(desired, live),
            (Value::Array(desired), Some(Value::Array(live))) if all("v:") => self.set(desired, live),
            _ => Drift::Unknown,
        }
    }

    /// The whole value is ours: a scalar, or an atomic map or list.
    fn whole(&self, desired: &Value, live: Option<&Value>) -> Drift {
        let is_part = |other: &&Value| {
            let parts = other.as_object().into_iter().flat_map(Map::keys);
            parts.into_iter().any(|name| name != ITSELF)
        };
        // Not atomic, then: we own it since we wanted it empty, and not what is in it now.
        if values::is_filled(desired) && self.others.iter().any(is_part) {
            return Drift::Unknown;
        }
        match (desired, live) {
            // We own it, and it is not there: what we applied is written as nothing, and only what says nothing is. What is
            // wanted says nothing either.
            (desired, None) if values::is_zero(desired) && !desired.is_object() => Drift::Unchanged,
            (Value::String(desired), Some(Value::String(live)))
                if self.form == Form::Quantity && quantity::canonical(desired).as_ref() == Some(live) =>
            {
                Drift::Unchanged
            }
            (desired, Some(live)) => {
                let completed = |value| self.kind.completed(self.name.trim_start_matches("f:"), value);
                values::compare(&completed(desired), Some(&completed(live)))
            }
            (desired, None) => values::compare(desired, None),
        }
    }

    fn map(&self, desired: &Map<String, Value>, live: &Value) -> Drift {
        let Some(live) = live.as_object() else {
            return Drift::Unknown;
        };
        let owned: BTreeSet<&str> = self.parts().filter_map(|name| name.strip_prefix("f:")).collect();
        let wanted: BTreeSet<&str> = desired.keys().map(String::as_str).collect();
        if owned.len() != self.parts().count() {
            return Drift::Unknown;
        }
        if owned != wanted {
            return Drift::Changed;
        }
        let one = |(name, value): (&String, &Value)| match self.below(&format!("f:{name}")) {
            Some(place) => place.value(value, live.get(name)),
            None => Drift::Unknown,
        };
        desired.iter().map(one).max().unwrap_or(Drift::Unchanged)
    }

    /// A list whose items are told apart by some of their fields.
    fn keyed(&self, desired: &[Value], live: &[Value]) -> Drift {
        let names: Vec<&str> = self.parts().collect();
        if names.len() != desired.len() {
            return Drift::Changed;
        }
        let mut positions = Vec::new();
        let mut worst = Drift::Unchanged;
        for name in names {
            let Some(key) = name
                .strip_prefix("k:")
                .and_then(|key| serde_json::from_str(key).ok())
            else {
                return Drift::Unknown;
            };
            let with_key = |items: &[Value]| -> Vec<usize> {
                let positions = 0..items.len();
                positions.filter(|at| has_key(&items[*at], &key)).collect()
            };
            match (
                with_key(desired).as_slice(),
                with_key(live).as_slice(),
                self.below(name),
            ) {
                ([], _, _) => return Drift::Changed,
                ([wanted], [is], Some(place))
                    if place.owned.is_empty() || place.owned.contains_key(ITSELF) =>
                {
                    positions.push((*wanted, *is));
                    worst = worst.max(place.value(&desired[*wanted], Some(&live[*is])));
                }
                _ => return Drift::Unknown,
            }
        }
        worst.max(in_order(positions))
    }

    /// A list whose items are told apart by their values.
    fn set(&self, desired: &[Value], live: &[Value]) -> Drift {
        let members = self
            .parts()
            .filter_map(|name| serde_json::from_str(&name[2..]).ok());
        let members: Vec<Value> = members.collect();
        if members.len() != self.parts().count() {
            return Drift::Unknown;
        }
        if members.len() != desired.len() || desired.iter().any(|item| !members.contains(item)) {
            return Drift::Changed;
        }
        let position = |(at, item): (usize, &Value)| Some((at, live.iter().position(|other| other == item)?));
        let positions: Vec<(usize, usize)> = desired.iter().enumerate().filter_map(position).collect();
        if positions.len() != desired.len() {
            return Drift::Changed;
        }
        in_order(positions)
    }
}

/// Whether the item has these values in its key fields. The one key field of Kubernetes' own kinds that may be left
/// out is a port's protocol; of any other nothing is assumed, so that such an item is not found.
fn has_key(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter().all(|(field, value)| match item.get(field) {
        Some(is) => is == value,
        None => field == "protocol" && value == "TCP",
    })
}

/// Positions in the desired list and in the live one. What an apply does to another order depends on the server's version.
fn in_order(mut positions: Vec<(usize, usize)>) -> Drift {
    positions.sort_unstable();
    if positions.is_sorted_by(|before, after| before.0 < after.0 && before.1 < after.1) {
        Drift::Unchanged
    } else {
        Drift::Unknown
    }
}
