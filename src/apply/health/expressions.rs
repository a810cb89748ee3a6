//! Readiness of kinds of other people, as the configuration says it: expressions in CEL, the language in which the API
//! server itself is given rules (KEP-3488, <https://cel.dev>).

use super::{Baseline, Found, Verdict, judge, kind, preconditions, rule, subject::Subject};
use crate::model::config::Readiness;
use cel::{
    Context, ExecutionError, IdedExpr, ParseErrors, ResolveResult,
    common::ast::{EntryExpr, Expr},
    parser::PrattParser,
};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use thiserror::Error;

/// The name of the judged object in an expression, as in admission policies.
const OBJECT: &str = "object";
/// The most parts that an expression may have.
const LARGEST: usize = 2000;

/// The rules of the configuration, ready to be used.
///
/// They hold in place of our own for the same kind; what holds for every kind, holds before them.
#[derive(Debug, Default)]
pub struct Expressions(Vec<Expression>);

#[derive(Debug)]
struct Expression {
    group: String,
    kind: String,
    current: Source,
    failed: Option<Source>,
    message: Option<Source>,
}

#[derive(Debug)]
struct Source {
    text: String,
    parsed: IdedExpr,
}

/// An expression that can never be used.
#[derive(Debug, Error)]
#[error("health of {kind}, {field}: {problem}")]
pub struct BadExpression {
    kind: String,
    field: &'static str,
    problem: String,
}

impl Expressions {
    /// Reads the expressions.
    ///
    /// # Errors
    /// Each that is no CEL, that uses another variable than `object` or a function that does not exist, that is for a kind
    /// that has one already, or for Secrets, whose content could get into a message.
    pub fn compile(configured: &[Readiness]) -> Result<Self, Vec<BadExpression>> {
        let mut bad = Vec::new();
        let mut rules = Vec::new();
        for (place, readiness) in configured.iter().enumerate() {
            let is_same =
                |other: &Readiness| (&other.group, &other.kind) == (&readiness.group, &readiness.kind);
            if configured[..place].iter().any(is_same) {
                bad.push(BadExpression {
                    kind: readiness.kind.clone(),
                    field: "kind",
                    problem: "it is there twice".to_owned(),
                });
            }
            let mut read = |field, text: &str| {
                let source = source(readiness, field, text);
                source.map_err(|problem| bad.push(problem)).ok()
            };
            let current = read("current", &readiness.current);
            let failed = readiness.failed.as_deref().map(|text| read("failed", text));
            let message = readiness.message.as_deref().map(|text| read("message", text));
            let Some(current) = current else { continue };
            rules.push(Expression {
                group: readiness.group.clone(),
                kind: readiness.kind.clone(),
                current,
                failed: failed.flatten(),
                message: message.flatten(),
            });
        }
        if bad.is_empty() { Ok(Self(rules)) } else { Err(bad) }
    }

    /// As [`judge`], by the expressions for the object's kind if there are any.
    #[must_use]
    pub fn judge(&self, live: &Value, baseline: Option<&Baseline>, found: &Found) -> Verdict {
        let kind = kind(live);
        let Some(own) = self
            .0
            .iter()
            .find(|own| (own.group.as_str(), own.kind.as_str()) == kind)
        else {
            return judge(live, baseline, found);
        };
        let subject = Subject::new(live, baseline, found);
        preconditions::unmet(&subject, rule(live)).unwrap_or_else(|| own.judge(live))
    }
}

impl Expression {
    /// An expression that fails is not true: what it looks at may not have been written yet.
    fn judge(&self, live: &Value) -> Verdict {
        let mut context = Context::default();
        context.add_variable_from_value(OBJECT, value(live));
        let told = |otherwise: String| match self.message.as_ref().map(|own| own.value(&context)) {
            Some(Ok(cel::Value::String(text))) => text.to_string(),
            _ => otherwise,
        };
        let failed = self.failed.as_ref().map(|failed| failed.is_true(&context));
        if let Some(Ok(true)) = failed {
            return Verdict::failed(told("the configuration's expression `failed` is true".to_owned()));
        }
        match self.current.is_true(&context) {
            Ok(true) => Verdict::current(told(
                "the configuration's expression `current` is true".to_owned(),
            )),
            Ok(false) => Verdict::progressing(told(
                "the configuration's expression `current` is not true yet".to_owned(),
            )),
            Err(why) => Verdict::progressing(told(format!(
                "the configuration's expression `current` has no answer yet: {why}"
            ))),
        }
    }
}

impl Source {
    fn value(&self, context: &Context<'_, '_>) -> ResolveResult {
        cel::Value::resolve(&self.parsed, context)
    }

    /// What it says, or why it says nothing: without any value, as it may be a confidential one.
    fn is_true(&self, context: &Context<'_, '_>) -> Result<bool, String> {
        match self.value(context) {
            Ok(cel::Value::Bool(truth)) => Ok(truth),
            Ok(_) => Err("it is neither true nor false".to_owned()),
            Err(ExecutionError::NoSuchKey(key)) if self.text.contains(&*key) => {
                Err(format!("there is no {key}"))
            }
            Err(ExecutionError::UndeclaredReference(name)) => Err(format!("{name} is unknown")),
            Err(ExecutionError::NoSuchOverload(types)) => Err(types.to_string()),
            Err(_) => Err("it cannot be computed".to_owned()),
        }
    }
}

fn source(readiness: &Readiness, field: &'static str, text: &str) -> Result<Source, BadExpression> {
    let bad = |problem: String| BadExpression {
        kind: readiness.kind.clone(),
        field,
        problem,
    };
    if readiness.group.is_empty() && readiness.kind == "Secret" {
        return Err(bad("what a Secret holds is not for expressions".to_owned()));
    }
    let parsed = parse(text).map_err(|errors| bad(errors.to_string()))?;
    let references = parsed.references();
    let mut bound = BTreeSet::from([OBJECT]);
    bind(&parsed, &mut bound);
    let mut variables = references.variables().into_iter();
    if let Some(name) = variables.find(|name| !bound.contains(name)) {
        return Err(bad(format!("{name} is unknown; the object is called {OBJECT}")));
    }
    let mut functions = references.functions().into_iter();
    if let Some(name) = functions.find(|name| !is_function(name)) {
        return Err(bad(format!("there is no function {name}")));
    }
    let text = text.to_owned();
    Ok(Source { text, parsed })
}

/// By the parser of the crate that has bounds, and takes half a megabyte less than its other one.
fn parse(text: &str) -> Result<IdedExpr, ParseErrors> {
    let parser = PrattParser::new().enable_optional_syntax(true);
    parser.max_expression_node_count(LARGEST).parse(text)
}

/// The variables that macros such as `exists` bring.
fn bind<'a>(expression: &'a IdedExpr, names: &mut BTreeSet<&'a str>) {
    match &expression.expr {
        Expr::Call(call) => call
            .target
            .iter()
            .map(|target| &**target)
            .chain(&call.args)
            .for_each(|part| bind(part, names)),
        Expr::Comprehension(each) => {
            names.extend([each.iter_var.as_str()]);
            names.extend(each.iter_var2.as_deref());
            for part in [&each.iter_range, &each.loop_cond, &each.loop_step, &each.result] {
                bind(part, names);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|part| bind(part, names)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    bind(&entry.key, names);
                    bind(&entry.value, names);
                }
            }
        }
        Expr::Select(select) => bind(&select.operand, names),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => {}
    }
}

/// As the API server gives objects to expressions: a whole number is an `int`, which serializing makes a `uint` of.
fn value(json: &Value) -> cel::Value {
    match json {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::String(text) => text.clone().into(),
        Value::Array(list) => list.iter().map(value).collect::<Vec<_>>().into(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), value(field)));
            fields.collect::<HashMap<_, _>>().into()
        }
    }
}

/// Whether there is a function or an operator of this name: it is called without arguments, and only what does not
/// exist is said not to.
fn is_function(name: &str) -> bool {
    let is_operator = !name.starts_with(|first: char| first.is_ascii_alphabetic());
    let exists = |call: String| {
        let answer = parse(&call).map(|parsed| cel::Value::resolve(&parsed, &Context::default()));
        !matches!(answer, Ok(Err(ExecutionError::UndeclaredReference(_))))
    };
    is_operator || exists(format!("{name}()")) || exists(format!("''.{name}()"))
}
