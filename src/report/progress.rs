//! Progress on stderr while a run goes on; the only importer of indicatif.

use crate::converge::{Event, Events, report::FailureReport};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One line for each event.
    Plain,
    /// A live line.
    Tty,
    /// One JSON object for each event.
    Json,
    /// Nothing; errors are still shown.
    None,
}

/// How errors are shown, whatever the style of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// For people.
    Text {
        /// Whether with colour.
        colour: bool,
    },
    /// One JSON object for each.
    Json,
}

/// A printer of events.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Printer>);

#[derive(Debug)]
struct Printer {
    run_id: String,
    style: Style,
    errors: Errors,
    live: Option<ProgressBar>,
}

impl Progress {
    /// A printer to stderr. What it prints as JSON carries the time and the run's id.
    #[must_use]
    pub fn new(run_id: &str, style: Style, errors: Errors) -> Self {
        let live = (style == Style::Tty).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(template) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(template);
            }
            bar
        });
        Self(Arc::new(Printer {
            run_id: run_id.to_owned(),
            style,
            errors,
            live,
        }))
    }

    /// Where a run sends its events.
    #[must_use]
    pub fn events(&self) -> Events {
        let printer = Arc::clone(&self.0);
        Events::to(move |event| printer.show(event))
    }

    /// Ends the live line.
    pub fn finish(&self) {
        if let Some(bar) = &self.0.live {
            bar.finish_and_clear();
        }
    }

    /// Last words for people.
    pub fn say(&self, text: &str) {
        if matches!(self.0.style, Style::Plain | Style::Tty) {
            eprintln!("{text}");
        }
    }

    /// A failure with its remedy; shown in every style.
    pub fn error(&self, failure: &FailureReport) {
        let Errors::Text { colour } = self.0.errors else {
            eprintln!("{}", self.0.stamped("error", error(failure)));
            return;
        };
        let paint = |text: &str, code: &str| match colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        };
        let object = failure.object.as_ref().map(|object| format!("{object}: "));
        let object = object.unwrap_or_default();
        eprintln!("{} {object}{}", paint("error:", "31;1"), failure.message);
        if let Some(hint) = &failure.hint {
            eprintln!("{} {hint}", paint(" hint:", "36;1"));
        }
    }
}

impl Printer {
    /// With what every line of the run carries.
    fn stamped(&self, level: &str, mut line: Value) -> Value {
        line["time"] = jiff::Timestamp::now().to_string().into();
        line["level"] = level.into();
        line["runID"] = self.run_id.as_str().into();
        line
    }

    fn show(&self, event: &Event) {
        match self.style {
            Style::None => {}
            Style::Json => eprintln!("{}", self.stamped("info", document(event))),
            Style::Plain => {
                if let Some(line) = line(event) {
                    eprintln!("{line}");
                }
            }
            Style::Tty => self.show_live(event),
        }
    }

    fn show_live(&self, event: &Event) {
        let Some(bar) = &self.live else { return };
        let Some(line) = line(event) else { return };
        match event {
            Event::Acting { .. } | Event::Waiting(_) | Event::StepStarted { .. } => {
                bar.enable_steady_tick(Duration::from_millis(120));
                bar.set_message(line);
            }
            _ => bar.suspend(|| eprintln!("{line}")),
        }
    }
}

/// One line for people, if the event is worth one.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Target(cluster) => format!("Target cluster {}", cluster.server),
        Event::StepStarted { command, summary } => format!("{command}: {summary}"),
        Event::Acting { object, action } => format!("  {object}: {action}"),
        Event::Acted { object, outcome } => format!("  {object}: {outcome}"),
        Event::ActionFailed {
            object,
            message,
            again: true,
        } => format!("  {object}: {message}; trying again"),
        Event::ActionFailed {
            object,
            message,
            again: false,
        } => format!("  {object}: failed: {message}"),
        Event::Waiting(wait) => format!("  waiting for {}: {}", wait.object, wait.message),
        Event::StepEnded {
            command,
            exit: 0,
            changed: 0,
        } => format!("{command}: unchanged"),
        Event::StepEnded {
            command,
            exit: 0,
            changed,
        } => format!("{command}: done, {changed} changed"),
        Event::StepEnded { command, exit, .. } => format!("{command}: failed (exit {exit})"),
        Event::Info(text) => text.clone(),
    })
}

fn document(event: &Event) -> Value {
    match event {
        Event::Target(cluster) => json!({"event": "target", "server": cluster.server}),
        Event::StepStarted { command, summary } => {
            json!({"event": "started", "step": command, "summary": summary})
        }
        Event::Acting { object, action } => json!({"event": "acting", "object": object, "action": action}),
        Event::Acted { object, outcome } => json!({"event": "acted", "object": object, "outcome": outcome}),
        Event::ActionFailed {
            object,
            message,
            again,
        } => {
            json!({"event": "failed", "object": object, "message": message, "again": again})
        }
        Event::Waiting(wait) => {
            json!({"event": "waiting", "object": wait.object, "reason": wait.reason, "message": wait.message})
        }
        Event::StepEnded {
            command,
            exit,
            changed,
        } => {
            json!({"event": "ended", "step": command, "exit": exit, "changed": changed})
        }
        Event::Info(text) => json!({"event": "info", "message": text}),
    }
}

fn error(failure: &FailureReport) -> Value {
    json!({
        "event": "error",
        "code": failure.exit,
        "reason": failure.reason,
        "object": failure.object,
        "message": failure.message,
        "hint": failure.hint,
    })
}
