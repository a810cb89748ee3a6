//! Requests with a token.

use super::{
    answer::{self, Content},
    error::{ApiError, Permission},
    token::ApiToken,
};
use crate::http::{Http, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// More pages than any zone fills; a server that never ends its list is broken.
const MOST_PAGES: u32 = 1000;
/// Accepted by every list that is read here.
pub(super) const USUAL_PAGE: u32 = 50;

/// Cloudflare as one token sees it; clones share the connections.
#[derive(Debug, Clone)]
pub struct Cloudflare {
    http: Http,
    base: String,
    token: ApiToken,
}

impl Cloudflare {
    /// Cloudflare at a base URL (`cloudflare.apiURL` of the configuration), by an API token; sends nothing.
    #[must_use]
    pub fn new(http: &Http, base: &str, token: ApiToken) -> Self {
        Self {
            http: http.clone(),
            base: base.trim_end_matches('/').to_owned(),
            token,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Reads a list to its end. A filter that the server does not know may filter nothing, so whoever filters must look at
    /// the results again.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        filters: &[(&str, &str)],
        per_page: u32,
        permission: Permission,
    ) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        let per_page = per_page.to_string();
        for page in 1..=MOST_PAGES {
            let page = page.to_string();
            let request = Request::get(self.url(path))
                .query(&[("page", page.as_str()), ("per_page", per_page.as_str())])
                .query(filters);
            let content = self.send(request, permission).await?;
            let entries: Vec<T> = shaped(content.result)?;
            let goes_on = content.page.is_some_and(|info| info.goes_on(entries.len()));
            all.extend(entries);
            if !goes_on {
                return Ok(all);
            }
        }
        Err(ApiError::Shape("a list that does not end"))
    }

    /// Reads one thing.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        permission: Permission,
    ) -> Result<T, ApiError> {
        shaped(self.send(Request::get(self.url(path)), permission).await?.result)
    }

    /// Creates something; not sent again when it may have arrived, for the next look tells.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        permission: Permission,
    ) -> Result<T, ApiError> {
        let request = Request::post(self.url(path)).json(body);
        shaped(self.send(request, permission).await?.result)
    }

    /// Sends a change that can be sent twice.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        request: Request,
        permission: Permission,
    ) -> Result<T, ApiError> {
        shaped(self.send(request.idempotent(), permission).await?.result)
    }

    /// Deletes something; that it is gone already is fine.
    pub(super) async fn delete(&self, path: &str, permission: Permission) -> Result<(), ApiError> {
        match self.send(Request::delete(self.url(path)), permission).await {
            Ok(_) | Err(ApiError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, request: Request, permission: Permission) -> Result<Content, ApiError> {
        let request = request.bearer(self.token.value()).accept_json();
        let answer = self.http.send(request).await.map_err(ApiError::Unanswered)?;
        answer::read(answer.status, &answer.media_type(), answer.body(), permission)
    }
}

/// Reads a value as what the API documents. The error's own text could quote values, so it is dropped.
fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    let type_name = std::any::type_name::<T>();
    let short = type_name.rsplit("::").next().unwrap_or(type_name);
    serde_json::from_value(value).map_err(|_| ApiError::Shape(short.trim_end_matches('>')))
}

/// The answer to a write is about what was written, or it is not Cloudflare's.
pub(super) fn about(is_it: bool) -> Result<(), ApiError> {
    if is_it {
        Ok(())
    } else {
        Err(ApiError::Shape("another object"))
    }
}
