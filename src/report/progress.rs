//! Progress on stderr while a run goes on; the only importer of indicatif.

use crate::converge::{Event, Events};
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

/// A printer of events.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Printer>);

#[derive(Debug)]
struct Printer {
    style: Style,
    colour: bool,
    live: Option<ProgressBar>,
}

impl Progress {
    /// A printer to stderr.
    #[must_use]
    pub fn new(style: Style, colour: bool) -> Self {
        let live = (style == Style::Tty).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(template) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(template);
            }
            bar
        });
        Self(Arc::new(Printer { style, colour, live }))
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

    /// An error with its remedy; shown in every style.
    pub fn error(&self, message: &str, hint: Option<&str>) {
        if self.0.style == Style::Json {
            eprintln!("{}", json!({"event": "error", "message": message, "hint": hint}));
            return;
        }
        eprintln!("{} {message}", self.0.paint("error:", "31;1"));
        if let Some(hint) = hint {
            eprintln!("{} {hint}", self.0.paint(" hint:", "36;1"));
        }
    }
}

impl Printer {
    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn show(&self, event: &Event) {
        match self.style {
            Style::None => {}
            Style::Json => eprintln!("{}", document(event)),
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
