//! Lists: filters, search, order, pages.

use std::cmp::Ordering;

use http::StatusCode;
use serde_json::{Value, json};

use super::Version;
use super::answers::{self, Answer, Reply};
use super::call::Call;
use super::fields::invalid;

/// How one kind of object is listed.
pub(super) struct Listing {
    pub(super) filters: &'static [Filter],
    /// The fields that `search` looks into, without regard to case.
    pub(super) search: &'static [&'static str],
    /// The default order.
    pub(super) order: &'static str,
    pub(super) page_size: usize,
    /// Query parameters that the resource itself has dealt with.
    pub(super) others: &'static [&'static str],
}

/// A query parameter that keeps those rows whose value at a JSON pointer is equal.
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) pointer: &'static str,
    pub(super) kind: FilterKind,
}

pub(super) enum FilterKind {
    /// Equal as text, with case.
    Exact,
    /// Equal, and anything but these is 400.
    Choice(&'static [&'static str]),
    /// `true` or `false`; anything else filters nothing.
    Flag,
}

pub(super) const fn exact(name: &'static str, pointer: &'static str) -> Filter {
    Filter {
        name,
        pointer,
        kind: FilterKind::Exact,
    }
}

pub(super) const fn flag(name: &'static str, pointer: &'static str) -> Filter {
    Filter {
        name,
        pointer,
        kind: FilterKind::Flag,
    }
}

pub(super) const fn choice(
    name: &'static str,
    pointer: &'static str,
    choices: &'static [&'static str],
) -> Filter {
    Filter {
        name,
        pointer,
        kind: FilterKind::Choice(choices),
    }
}

const PAGING: [&str; 4] = ["page", "page_size", "ordering", "search"];

/// The default `page_size`.
pub(super) const PAGE_SIZE: usize = 100;

impl Listing {
    /// Answers with the page of these rows that the request asks for.
    pub(super) fn answer(&self, call: &mut Call<'_>, rows: Vec<Value>) -> Reply {
        self.page(call, rows).map(Page::answer)
    }

    pub(super) fn page(&self, call: &mut Call<'_>, mut rows: Vec<Value>) -> Result<Page, Answer> {
        let names = self
            .filters
            .iter()
            .map(|filter| filter.name)
            .chain(self.others.iter().copied());
        let known: Vec<_> = names.chain(PAGING).collect();
        call.expect_query(&known);
        for filter in self.filters {
            if let Some(wanted) = call.request.param(filter.name) {
                filter.check(wanted)?;
                rows.retain(|row| filter.keeps(row, wanted));
            }
        }
        if let Some(wanted) = call.request.param("search") {
            rows.retain(|row| self.search.iter().any(|name| contains(row.get(*name), wanted)));
        }
        sort(&mut rows, call.request.param("ordering").unwrap_or(self.order));
        cut(call, self.page_size, rows)
    }
}

impl Filter {
    fn check(&self, wanted: &str) -> Result<(), Answer> {
        match self.kind {
            FilterKind::Choice(choices) if !choices.contains(&wanted) => {
                let text = format!("Select a valid choice. {wanted} is not one of the available choices.");
                Err(invalid(self.name, &text))
            }
            _ => Ok(()),
        }
    }

    fn keeps(&self, row: &Value, wanted: &str) -> bool {
        let value = row.pointer(self.pointer).unwrap_or(&Value::Null);
        match self.kind {
            FilterKind::Flag => match wanted.to_ascii_lowercase().as_str() {
                "true" => value == true,
                "false" => value == false,
                _ => true,
            },
            FilterKind::Exact | FilterKind::Choice(_) => equals(value, wanted),
        }
    }
}

/// A list is equal if one of its items is.
fn equals(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(number) => wanted
            .parse()
            .is_ok_and(|wanted: i64| number.as_i64() == Some(wanted)),
        Value::Array(items) => items.iter().any(|item| equals(item, wanted)),
        _ => false,
    }
}

fn contains(value: Option<&Value>, wanted: &str) -> bool {
    value
        .and_then(Value::as_str)
        .is_some_and(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
}

fn sort(rows: &mut [Value], ordering: &str) {
    let (name, descending) = ordering
        .strip_prefix('-')
        .map_or((ordering, false), |name| (name, true));
    rows.sort_by(|one, other| {
        let order = compare(one.get(name), other.get(name));
        if descending { order.reverse() } else { order }
    });
}

fn compare(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_i64().cmp(&other.as_i64()),
        _ => Ordering::Equal,
    }
}

/// One page of a list.
pub(super) struct Page {
    pub(super) results: Vec<Value>,
    pagination: Value,
    autocomplete: bool,
}

impl Page {
    pub(super) fn answer(self) -> Answer {
        let mut body = json!({ "pagination": self.pagination, "results": self.results });
        if self.autocomplete {
            body["autocomplete"] = json!({});
        }
        answers::ok(&body)
    }
}

/// `next` and `previous` are page numbers, 0 for none (recorded). `page_size=0` is the default.
fn cut(call: &Call<'_>, default_size: usize, rows: Vec<Value>) -> Result<Page, Answer> {
    let asked_size = call.request.param("page_size").and_then(|text| text.parse().ok());
    let size: usize = asked_size.filter(|size| *size > 0).unwrap_or(default_size);
    let count = rows.len();
    let total_pages = count.div_ceil(size).max(1);
    let number: usize = call.request.param("page").map_or(Ok(1), str::parse).unwrap_or(0);
    if number == 0 || number > total_pages {
        return Err(answers::detail(StatusCode::NOT_FOUND, "Invalid page."));
    }
    let first = (number - 1) * size;
    let results: Vec<_> = rows.into_iter().skip(first).take(size).collect();
    let pagination = json!({
        "next": if number < total_pages { number + 1 } else { 0 },
        "previous": number - 1,
        "count": count,
        "current": number,
        "total_pages": total_pages,
        "start_index": if count == 0 { 0 } else { first + 1 },
        "end_index": first + results.len(),
    });
    Ok(Page {
        results,
        pagination,
        autocomplete: call.world.options.version >= Version::V2025_10,
    })
}
