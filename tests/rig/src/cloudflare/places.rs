//! Accounts and zones. Whoever may not see any sees an empty list.

use serde_json::{Value, json};

use super::answers::Reply;
use super::options::Right;
use super::pages::{self, PageSize};
use super::route::Call;

const SIZE: PageSize = PageSize { usual: 20, most: 50 };

pub(super) fn accounts(call: &mut Call<'_>) -> Reply {
    call.expect_query(&["page", "per_page", "name"]);
    let sees = call.token.has(Right::AccountSettingsRead);
    let accounts = call.database.accounts.iter().filter(|_| sees);
    let rows: Vec<Value> = accounts
        .filter(|account| {
            call.request
                .filter("name")
                .is_none_or(|name| name == account.name)
        })
        .map(|account| json!({ "id": account.id, "name": account.name, "type": "standard", "settings": {} }))
        .collect();
    pages::cut(call.request, SIZE, &rows)
}

pub(super) fn zones(call: &mut Call<'_>) -> Reply {
    call.expect_query(&["page", "per_page", "name"]);
    let sees = call.token.has(Right::ZoneRead);
    let zones = call.database.zones.iter().filter(|_| sees);
    let rows: Vec<Value> = zones
        .filter(|zone| call.request.filter("name").is_none_or(|name| name == zone.name))
        .map(|zone| json!({ "id": zone.id, "name": zone.name, "status": "active", "paused": false }))
        .collect();
    pages::cut(call.request, SIZE, &rows)
}
