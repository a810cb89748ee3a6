//! A web server for `git http-backend`, which does the work: Argo CD wants git's own protocol, not a folder of files.

use std::collections::BTreeMap;
use std::io::{self, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use super::super::error::SandboxError;

const BACKEND: &str = "/usr/lib/git-core/git-http-backend";
/// More than a client that only fetches ever sends.
const LONGEST_BODY: usize = 16 << 20;

/// Serves every repository below a folder, for reading.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(folder: PathBuf, address: SocketAddr) -> Result<(), SandboxError> {
    let failed = || SandboxError::io(format!("serving {} on {address}", folder.display()));
    let listener = tokio::net::TcpListener::bind(address).await.map_err(failed())?;
    let root = folder.clone();
    let router = Router::new().fallback(async move |request: Request| {
        answer(root, request).await.unwrap_or_else(|error| {
            eprintln!("git-server: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    });
    axum::serve(listener, router).await.map_err(failed())
}

async fn answer(folder: PathBuf, request: Request) -> io::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST_BODY).await.map_err(io::Error::other)?;
    let output = tokio::task::spawn_blocking(move || backend(&folder, &parts, &body)).await??;
    parse(&output).ok_or_else(|| io::Error::other("git http-backend gave no answer"))
}

/// Runs the backend as RFC 3875 (CGI) has it; what it printed.
fn backend(folder: &Path, parts: &Parts, body: &Bytes) -> io::Result<Vec<u8>> {
    let mut input = tempfile::tempfile()?;
    input.write_all(body)?;
    input.rewind()?;
    let mut command = Command::new(BACKEND);
    command.stdin(input).stderr(Stdio::inherit());
    command.envs(variables(folder, parts));
    Ok(command.output()?.stdout)
}

fn variables(folder: &Path, parts: &Parts) -> BTreeMap<&'static str, String> {
    let header = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    BTreeMap::from([
        ("GIT_PROJECT_ROOT", folder.display().to_string()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("REQUEST_METHOD", parts.method.to_string()),
        ("PATH_INFO", parts.uri.path().to_owned()),
        ("QUERY_STRING", parts.uri.query().unwrap_or_default().to_owned()),
        ("CONTENT_TYPE", header("content-type")),
        ("HTTP_CONTENT_ENCODING", header("content-encoding")),
        ("GIT_PROTOCOL", header("git-protocol")),
        ("HOME", "/tmp".to_owned()),
    ])
}

/// Header lines, an empty line, the body. Without a status line it is a success.
fn parse(output: &[u8]) -> Option<Response> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut response = Response::new(output[end + 4..].to_owned().into());
    for line in str::from_utf8(&output[..end]).ok()?.lines() {
        let (name, value) = line.split_once(": ")?;
        if name == "Status" {
            *response.status_mut() = value.split(' ').next()?.parse().ok()?;
        } else {
            let name: HeaderName = name.parse().ok()?;
            response
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_backend_prints_becomes_a_response() {
        let response = parse(b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\ngone").unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["content-type"], "text/plain");
        assert_eq!(parse(b"Expires: 0\r\n\r\n").unwrap().status(), StatusCode::OK);
        assert!(parse(b"").is_none());
    }
}
