use super::*;
use crate::{
    converge::{Context, Events, Stop},
    http::{Http, Request},
    kubernetes::Connection,
    model::config::Config,
};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{
    Message,
    handshake::server::{Request as Handshake, Response},
};

#[test]
fn only_services_are_places() {
    for host in ["dex.auth-system.svc", "dex.auth-system.svc.cluster.local"] {
        let place = Place::parse(host, 5556).unwrap();
        assert_eq!(
            (place.service.as_str(), place.namespace.as_str(), place.port),
            ("dex", "auth-system", 5556)
        );
    }
    for host in [
        "dex-0.dex.auth-system.svc",
        "svc",
        "auth-system.svc",
        "dex.auth-system.pod",
    ] {
        assert_eq!(Place::parse(host, 80).unwrap_err().exit, Exit::Usage, "{host}");
    }
}

#[test]
fn target_ports_are_numbers_names_or_the_same() {
    let pod: Pod = serde_json::from_value(mk_pod("True")).unwrap();
    for (port, expected) in [
        (json!({"port": 80}), Some(80)),
        (json!({"port": 80, "targetPort": 8080}), Some(8080)),
        (json!({"port": 80, "targetPort": "http"}), Some(5556)),
        (json!({"port": 80, "targetPort": "metrics"}), None),
        (json!({"port": 80, "targetPort": 99999}), None),
    ] {
        assert_eq!(
            target(&pod, &serde_json::from_value(port.clone()).unwrap()),
            expected,
            "{port}"
        );
    }
}

fn mk_service(selector: Value) -> Value {
    json!({"spec": {"selector": selector, "ports": [{"port": 5556, "targetPort": "http"}]}})
}

fn mk_pod(ready: &str) -> Value {
    json!({
        "metadata": {"name": "dex-1"},
        "spec": {"containers": [{"name": "dex", "ports": [{"name": "http", "containerPort": 5556}]}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    })
}

/// What the stand-in for an API server says.
#[derive(Clone)]
struct Say {
    service: Option<Value>,
    pods: Vec<Value>,
    /// `None` forwards; else the status of the refusal.
    refusal: Option<u16>,
}

/// Serves one Service and its Pods, and forwards to a Pod that answers every HTTP request with its head.
async fn mk_api_server(say: Say) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, say.clone(), Arc::clone(&all)));
        }
    });
    (format!("http://{address}"), seen)
}

async fn serve(mut stream: TcpStream, say: Say, seen: Arc<Mutex<Vec<String>>>) {
    let mut buffer = vec![0; 8192];
    let head = loop {
        let count = stream.peek(&mut buffer).await.unwrap();
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        if count == 0 || text.contains("\r\n\r\n") {
            break text;
        }
        tokio::task::yield_now().await;
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(path.clone());
    let not_found = json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404});
    let (status, body) = match &say {
        _ if path.contains("/services/dex") => match &say.service {
            Some(service) => (200, service.clone()),
            None => (404, not_found),
        },
        _ if path.contains("/pods?") => (200, json!({"metadata": {}, "items": say.pods})),
        Say {
            refusal: Some(code), ..
        } => {
            let message = "error dialing backend";
            (
                *code,
                json!({"kind": "Status", "status": "Failure", "message": message, "code": code}),
            )
        }
        _ => return carry(stream).await,
    };
    let body = body.to_string();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
    stream
        .write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())
        .await
        .unwrap();
    // The request is still unread; closing now would reset the connection before the answer arrives.
    let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await;
}

/// The WebSocket protocol of port forwarding: one data and one error channel, each begun with the port.
async fn carry(stream: TcpStream) {
    let protocol = |_: &Handshake, mut response: Response| {
        let value = "v4.channel.k8s.io".parse().unwrap();
        response.headers_mut().insert("sec-websocket-protocol", value);
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, protocol)
        .await
        .unwrap();
    let [low, high] = 5556_u16.to_le_bytes();
    for channel in [0, 1] {
        socket
            .send(Message::binary(vec![channel, low, high]))
            .await
            .unwrap();
    }
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Binary(bytes) = message
            && let Some((0, request)) = bytes.split_first()
        {
            let head = String::from_utf8_lossy(request).into_owned();
            let answer = format!(
                "\0HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{head}",
                head.len()
            );
            socket.send(Message::binary(answer.into_bytes())).await.unwrap();
        }
    }
}

async fn mk_context(server: &str) -> Context {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig = json!({
        "clusters": [{"name": "a", "cluster": {"server": server}}], "users": [{"name": "a", "user": {}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}], "current-context": "a",
    });
    file.write_all(kubeconfig.to_string().as_bytes()).unwrap();
    let connection = Connection {
        kubeconfig: Some(file.path().to_owned()),
        ..Connection::default()
    };
    let (config, stop) = (Config::default(), Stop::default());
    Context {
        cluster: Cluster::connect(&connection, &stop).await.unwrap(),
        http: Http::new(&config, &stop).unwrap(),
        config,
        events: Events::nowhere(),
        stop,
        deadline: tokio::time::Instant::now(),
        run_id: String::new(),
        command: String::new(),
    }
}

const URL: &str = "http://dex.auth-system.svc.cluster.local:5556/keys";

#[tokio::test]
async fn a_service_is_reached_through_the_api_server() {
    let (service, pods) = (
        Some(mk_service(json!({"app": "dex"}))),
        vec![mk_pod("False"), mk_pod("True")],
    );
    let (server, seen) = mk_api_server(Say {
        service,
        pods,
        refusal: None,
    })
    .await;
    let cx = mk_context(&server).await;
    assert_eq!(cx.reach(URL).await.unwrap(), None);
    let asked = seen.lock().unwrap().len();
    assert_eq!(cx.reach(URL).await.unwrap(), None);
    assert_eq!(seen.lock().unwrap().len(), asked, "the way is kept");
    for _ in 0..2 {
        let answer = cx.http.send(Request::get(URL)).await.unwrap();
        let seen = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(
            seen.starts_with("GET /keys ") && seen.contains("host: dex.auth-system.svc.cluster.local:5556")
        );
    }
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter().any(|path| path.contains("labelSelector=app%3Ddex")),
        "{seen:?}"
    );
    assert!(
        seen.iter()
            .any(|path| path.ends_with("/pods/dex-1/portforward?&ports=5556")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn what_is_starting_is_waited_for() {
    let service = Some(mk_service(json!({"app": "dex"})));
    let broken = json!({"metadata": {"name": "dex-1"}, "status": {"containerStatuses": [{
        "name": "dex", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"waiting": {"reason": "ErrImagePull"}},
    }]}});
    let cases = [
        (None, vec![], Reason::NotFound, "does not exist yet"),
        (service.clone(), vec![], Reason::NotReady, "no Pod yet"),
        (
            service.clone(),
            vec![mk_pod("False")],
            Reason::NotReady,
            "no ready Pod yet",
        ),
        (service, vec![broken], Reason::NotReady, "ErrImagePull"),
    ];
    for (service, pods, reason, text) in cases {
        let (server, _) = mk_api_server(Say {
            service,
            pods,
            refusal: None,
        })
        .await;
        let wait = mk_context(&server).await.reach(URL).await.unwrap().unwrap();
        assert_eq!(
            wait.object,
            ObjectRef::namespaced("Service", "auth-system", "dex")
        );
        assert_eq!(wait.reason, reason);
        assert!(wait.message.contains(text), "{}", wait.message);
    }
}

#[tokio::test]
async fn what_cannot_work_names_the_way_out() {
    let pods = vec![mk_pod("True")];
    let good = mk_service(json!({"app": "dex"}));
    let cases = [
        (mk_service(json!({})), None, Exit::Usage, "it selects no Pods"),
        (
            json!({"spec": {"type": "ExternalName"}}),
            None,
            Exit::Usage,
            "it selects no Pods",
        ),
        (
            json!({"spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]}}),
            None,
            Exit::Usage,
            "no port 5556",
        ),
        (
            good.clone(),
            Some(403),
            Exit::Forbidden,
            "does not forward to port 5556",
        ),
        (
            good.clone(),
            Some(400),
            Exit::Bug,
            "does not forward to port 5556",
        ),
        (good, Some(500), Exit::Transient, "error dialing backend"),
    ];
    for (service, refusal, exit, text) in cases {
        let say = Say {
            service: Some(service),
            pods: pods.clone(),
            refusal,
        };
        let (server, _) = mk_api_server(say).await;
        let failure = mk_context(&server).await.reach(URL).await.unwrap_err();
        assert_eq!(failure.exit, exit, "{failure}");
        assert!(failure.message.contains(text), "{failure}");
        let hint = failure.hint.unwrap();
        assert!(hint.contains("dex.url"), "{hint}");
        assert_eq!(hint.contains("pods/portforward"), exit == Exit::Forbidden);
    }
}

#[test]
fn the_rules_name_the_services_of_the_configuration() {
    let mut config = Config::default();
    let names = |config: &Config| {
        let rules = rules(config);
        rules
            .iter()
            .flat_map(|rule| rule.names.clone())
            .collect::<Vec<String>>()
    };
    assert_eq!(names(&config), ["authentik", "dex"]);
    config.authentik.url = Some("https://auth.home.local".to_owned());
    assert_eq!(names(&config), ["dex"]);
}

#[tokio::test]
async fn other_hosts_need_no_way() {
    let cx = mk_context("http://127.0.0.1:1").await;
    for url in ["https://dex.home.local", "http://127.0.0.1:9000", "not a URL"] {
        assert_eq!(cx.reach(url).await.unwrap(), None);
    }
}
