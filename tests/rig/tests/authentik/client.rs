//! A plain HTTP client: no redirects, no retries, cookies only if asked for.

use std::collections::BTreeMap;
use std::sync::Mutex;

use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rig::authentik::Authentik;
use serde_json::Value;

pub(crate) struct Client {
    base: String,
    http: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    bearer: Option<String>,
    jar: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Expects a status and a JSON body.
    #[track_caller]
    pub(crate) fn expect_json(self, status: u16, body: &Value) {
        assert_eq!((self.status.as_u16(), &self.json()), (status, body));
    }

    /// Expects what a crash of the backend answers to a write.
    #[track_caller]
    pub(crate) fn expect_405_html(self) {
        assert_eq!(self.status, 405, "{self:?}");
        assert!(self.is_html() && self.body.is_empty(), "{self:?}");
        assert_eq!(self.header("allow"), "GET, HEAD, OPTIONS");
    }

    #[track_caller]
    pub(crate) fn expect_html(self, status: u16) {
        assert!(self.status == status && self.is_html(), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn expect_detail(self, status: u16, detail: &str) {
        self.expect_json(status, &serde_json::json!({ "detail": detail }));
    }
}

impl Client {
    pub(crate) fn new(authentik: &Authentik) -> Self {
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build_http();
        Self {
            base: authentik.url(),
            http,
            bearer: None,
            jar: Mutex::default(),
        }
    }

    pub(crate) fn bearer(authentik: &Authentik, key: &str) -> Self {
        Self {
            bearer: Some(key.into()),
            ..Self::new(authentik)
        }
    }

    /// Exactly these headers, besides the Bearer key and the cookies.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, hyper_util::client::legacy::Error> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.bearer {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let cookies = self.cookies();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        let answer = self
            .http
            .request(request.body(Full::from(body.to_owned())).unwrap())
            .await?;
        let (head, body) = answer.into_parts();
        self.remember(&head.headers);
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("accept", "application/json")], "")
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[("accept", "application/json")], "")
            .await
    }

    pub(crate) async fn write(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("accept", "application/json"),
            ("content-type", "application/json"),
        ];
        self.send(method, path, &headers, &body.to_string()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.write("POST", path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.write("PATCH", path, body).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let headers = [
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", path, &headers, &body).await
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn forget_cookies(&self) {
        self.jar.lock().unwrap().clear();
    }

    fn cookies(&self) -> String {
        let jar = self.jar.lock().unwrap();
        jar.iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn remember(&self, headers: &HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let mut jar = self.jar.lock().unwrap();
            if cookie.contains("Max-Age=0") {
                jar.remove(name)
            } else {
                jar.insert(name.into(), value.into())
            };
        }
    }
}
