//! The form in which objects are compared and applied.

use serde_json::Value;

/// Drops what no apply may carry: `status`, nulls in maps, and a `creationTimestamp` that is one.
///
/// A null in a list is kept: without it the list would be another one.
pub(super) fn normalise(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    drop_nulls(object);
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// A list's objects, each with its number in it; any other value as it is.
///
/// A list is what has a kind that ends in `List` and a list of `items`. Items of a typed list (`ConfigMapList`) may
/// leave their kind to it, as the API server's answers do.
pub(super) fn flatten(value: Value, numbers: &[usize]) -> Vec<(Vec<usize>, Value)> {
    let kind = value["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
    let Some(kind) = kind.filter(|_| value["items"].is_array()).map(str::to_owned) else {
        return vec![(numbers.to_vec(), value)];
    };
    let (version, mut value) = (value["apiVersion"].clone(), value);
    let items = value["items"].as_array_mut().map(std::mem::take);
    let items = (1..).zip(items.unwrap_or_default());
    let items = items.flat_map(|(number, mut item)| {
        if let (false, Some(fields)) = (kind.is_empty(), item.as_object_mut()) {
            fields.entry("apiVersion").or_insert_with(|| version.clone());
            fields.entry("kind").or_insert_with(|| kind.clone().into());
        }
        flatten(item, &[numbers, &[number]].concat())
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_apply_may_carry_is_dropped() {
        let mut object = json!({"metadata": {"name": "a", "creationTimestamp": null}, "status": {"x": 1},
            "spec": {"a": null, "b": [null, {"c": null, "d": 0}], "status": {"kept": ""}}});
        normalise(&mut object);
        let expected = json!({"metadata": {"name": "a"},
            "spec": {"b": [null, {"d": 0}], "status": {"kept": ""}}});
        assert_eq!(object, expected);
    }

    #[test]
    fn lists_are_their_items() {
        let item = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let inner =
            json!({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "b"}}]});
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [item("a"), inner, 1]});
        let expected = [(vec![1], item("a")), (vec![2, 1], item("b")), (vec![3], json!(1))];
        assert_eq!(flatten(list, &[]), expected);
        let no_list = json!({"kind": "AllowList", "spec": {"items": []}});
        assert_eq!(flatten(no_list.clone(), &[]), [(vec![], no_list)]);
        assert_eq!(flatten(json!({"kind": "List", "items": []}), &[]), []);
    }
}
