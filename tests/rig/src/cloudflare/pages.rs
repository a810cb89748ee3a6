//! Pages of a list.

use serde_json::{Value, json};

use super::answers::{self, Answer, Reply};
use super::request::Request;

/// How many entries a page holds, and may hold.
#[derive(Clone, Copy)]
pub(super) struct PageSize {
    pub(super) usual: usize,
    pub(super) most: usize,
}

/// Answers with the page of these rows that the request asks for.
pub(super) fn cut(request: &Request, size: PageSize, rows: &[Value]) -> Reply {
    let page = number(request, "page")?.unwrap_or(1);
    let per_page = number(request, "per_page")?.unwrap_or(size.usual);
    if page == 0 || per_page == 0 || per_page > size.most {
        return Err(answers::invalid(
            1004,
            "Validation failed: page or per_page is out of range",
        ));
    }
    let first = (page - 1).saturating_mul(per_page);
    let shown: Vec<Value> = rows.iter().skip(first).take(per_page).cloned().collect();
    let info = json!({
        "page": page,
        "per_page": per_page,
        "count": shown.len(),
        "total_count": rows.len(),
        "total_pages": rows.len().div_ceil(per_page),
    });
    Ok(answers::page(&shown, &info))
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Answer> {
    let text = request.filter(name);
    text.map(|text| {
        text.parse()
            .map_err(|_| answers::invalid(1004, "Validation failed: not a number"))
    })
    .transpose()
}
