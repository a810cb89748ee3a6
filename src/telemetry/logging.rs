//! Log lines on stderr.

use serde_json::{Map, Value};
use std::{fmt::Result, io::IsTerminal};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    Layer,
    filter::Targets,
    fmt::{
        self, FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
    layer::SubscriberExt,
    registry::{LookupSpan, SpanRef},
    util::SubscriberInitExt,
};

/// Log lines on stderr: warnings of ours by default, `-v` more, `-vv` every request.
///
/// As JSON, each is one object with the time (RFC 3339), the level and the run's id; the event's own fields are beside
/// them, and the spans around it are in `spans`, outermost first.
pub(crate) fn start_logging(verbose: u8, json: bool, run_id: &str) {
    // kube logs every refused request as an error of its own; what matters comes back as a Failure.
    let filter = match verbose {
        0 => "warn,kube_client=off,tower=off",
        1 => "info,kube_client=off,tower=off",
        // Requests are logged by our own transport; kube logs answers, whole Secrets included.
        _ => "info,aphex_ops=debug,kube_client=off",
    };
    let targets: Targets = filter.parse().unwrap_or_default();
    let layer = fmt::layer().with_writer(std::io::stderr);
    let started = if json {
        let run_id = run_id.to_owned();
        let layer = layer.fmt_fields(JsonFields::new()).event_format(Lines { run_id });
        tracing_subscriber::registry()
            .with(layer.with_filter(targets))
            .try_init()
    } else {
        let layer = layer
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false);
        tracing_subscriber::registry()
            .with(layer.with_filter(targets))
            .try_init()
    };
    if let Err(error) = started {
        eprintln!("logging could not be started: {error}");
    }
}

/// One JSON object a line. Ours instead of the library's, which has the run's id only inside a span: so lines of other
/// threads have it too, and by the same name as progress, errors and the report.
struct Lines {
    run_id: String,
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> Result {
        let mut fields = String::new();
        context
            .field_format()
            .format_fields(Writer::new(&mut fields), event)?;
        let mut line = object(&fields);
        let spans = context
            .event_scope()
            .into_iter()
            .flat_map(|scope| scope.from_root());
        let spans: Vec<Value> = spans.map(|span| described(&span)).collect();
        if !spans.is_empty() {
            line.insert("spans".to_owned(), spans.into());
        }
        let level = event.metadata().level().as_str().to_lowercase();
        let fixed = [
            ("time", jiff::Timestamp::now().to_string()),
            ("level", level),
            ("runID", self.run_id.clone()),
            ("target", event.metadata().target().to_owned()),
        ];
        line.extend(fixed.map(|(name, value)| (name.to_owned(), value.into())));
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// A span's name and fields.
fn described<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>) -> Value {
    let extensions = span.extensions();
    let fields = extensions.get::<FormattedFields<JsonFields>>();
    let mut described = fields.map(|fields| object(&fields.fields)).unwrap_or_default();
    described.insert("name".to_owned(), span.name().into());
    described.into()
}

/// What [`JsonFields`] wrote. It writes nothing for a span without fields.
fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
