//! What is measured of a run, as OpenMetrics text in a file; the only importer of the metrics library.
//!
//! Every metric is a gauge about the last run: each run replaces the file. Labels are names of commands, steps, verbs and
//! outcomes, so that there are few series and no value of an object can get into one.

use crate::{
    converge::{Outcome, Report, requests::ByAnswer},
    model::exit::Exit,
};
use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric, text},
    metrics::{MetricType, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use std::{collections::BTreeMap, ffi::OsString, fmt, fs, io, path::Path, time::Duration};

/// What is measured of a run.
#[derive(Debug)]
pub(crate) struct Measured {
    exit: Exit,
    ended: Timestamp,
    duration: Duration,
    requests: ByAnswer,
    steps: BTreeMap<&'static str, Step>,
}

/// All runs of one step: a playbook may have it more than once.
#[derive(Debug)]
struct Step {
    seconds: f64,
    exit_code: u8,
    outcomes: BTreeMap<String, u64>,
}

impl Measured {
    /// Measures a run that ends now.
    pub(crate) fn now(exit: Exit, duration: Duration, requests: ByAnswer, reports: &[Report]) -> Self {
        let mut steps = BTreeMap::new();
        for report in reports {
            steps.entry(report.step).or_insert_with(Step::default).add(report);
        }
        Self {
            exit,
            ended: Timestamp::now(),
            duration,
            requests,
            steps,
        }
    }

    /// As OpenMetrics text; every sample has the command as a label.
    fn text(self, command: &str) -> Result<String, fmt::Error> {
        let label = ("command".into(), command.to_owned().into());
        let mut registry = Registry::with_prefix_and_labels("aphex_ops", [label].into_iter());
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Default for Step {
    /// With every outcome: a series that is absent while it is zero is hard to alert on.
    fn default() -> Self {
        let outcomes = [
            Outcome::Created,
            Outcome::Configured,
            Outcome::Unchanged,
            Outcome::Deleted,
            Outcome::Skipped,
        ];
        let outcomes = outcomes.map(|outcome| outcome.to_string());
        let others = ["planned", "waiting", "failed"].map(str::to_owned);
        Self {
            seconds: 0.0,
            exit_code: 0,
            outcomes: outcomes.into_iter().chain(others).map(|name| (name, 0)).collect(),
        }
    }
}

impl Step {
    fn add(&mut self, report: &Report) {
        self.seconds += report.duration_seconds;
        self.exit_code = report.exit_code;
        let actions = report.actions.iter();
        let outcomes = actions.map(|action| match action.outcome {
            Some(outcome) => outcome.to_string(),
            None => "planned".to_owned(),
        });
        let waits = report.waiting.iter().map(|_| "waiting".to_owned());
        let failures = report.failures.iter().map(|_| "failed".to_owned());
        for outcome in outcomes.chain(waits).chain(failures) {
            *self.outcomes.entry(outcome).or_default() += 1;
        }
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let seconds = Some(&Unit::Seconds);
        let exit = [([], u32::from(self.exit.code()))];
        family(encoder, "run_exit_code", "Exit code of the run", None, exit)?;
        let ended = [([], self.ended.as_duration().as_secs_f64())];
        family(
            encoder,
            "run_end",
            "When the run ended (Unix time)",
            seconds,
            ended,
        )?;
        let duration = [([], self.duration.as_secs_f64())];
        family(
            encoder,
            "run_duration",
            "How long the run took",
            seconds,
            duration,
        )?;
        let requests = self.requests.iter().map(|((verb, status), count)| {
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            ([("verb", (*verb).to_owned()), ("code", status)], *count)
        });
        let help = "Requests sent by the run, retries too, by status code of the answer";
        family(encoder, "run_requests", help, None, requests)?;
        let steps = || {
            self.steps
                .iter()
                .map(|(name, step)| (("step", (*name).to_owned()), step))
        };
        let durations = steps().map(|(label, step)| ([label], step.seconds));
        family(
            encoder,
            "step_duration",
            "How long the step took",
            seconds,
            durations,
        )?;
        let codes = steps().map(|(label, step)| ([label], u32::from(step.exit_code)));
        family(encoder, "step_exit_code", "Exit code of the step", None, codes)?;
        let objects = steps().flat_map(|(label, step)| {
            let labels = move |outcome: &String| [label.clone(), ("outcome", outcome.clone())];
            step.outcomes
                .iter()
                .map(move |(outcome, count)| (labels(outcome), *count))
        });
        family(
            encoder,
            "step_objects",
            "Objects of the step by outcome",
            None,
            objects,
        )
    }
}

/// One metric with all its samples; nothing if there are none.
fn family<const N: usize, V: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    samples: impl IntoIterator<Item = ([(&'static str, String); N], V)>,
) -> fmt::Result {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return Ok(());
    }
    let mut metric = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    for (labels, value) in samples {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

/// Writes what was measured into a file, all at once: a collector reads the old text or the new one, never half of it.
///
/// A file that cannot be written is logged and changes nothing else: the run itself is not worse for it. `run_id` keeps
/// runs that end at the same time apart.
pub(crate) fn write_metrics(path: &Path, command: &str, run_id: &str, measured: Measured) {
    let text = measured.text(command).map_err(io::Error::other);
    if let Err(error) = text.and_then(|text| replace(path, run_id, &text)) {
        tracing::warn!(path = %path.display(), %error, "the metrics could not be written");
    }
}

fn replace(path: &Path, run_id: &str, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{run_id}"));
    let beside = path.with_file_name(hidden);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.inspect_err(|_| {
        // It may not be there; then nothing is left behind either.
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests;
