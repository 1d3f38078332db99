//! Templates of `assets/`, rendered in strict mode with JSON-quoted values and parsed back, so that what is
//! written is what was meant.

use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Deserialize;

use super::paths::KUBELET;
use crate::plan::model::Plan;

/// A template and its values do not fit.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// minijinja refused.
    #[error("template: {0}")]
    Template(#[from] minijinja::Error),
    /// The result is not the YAML it should be.
    #[error("rendered text is not YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// A line break inside a value.
    #[error("a value has a line break: {0:?}")]
    LineBreak(String),
    /// What was written is not what was meant.
    #[error("{0}")]
    Unmeant(String),
}

/// Renders a template strictly.
pub(super) fn text(template: &str, values: Value) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    Ok(environment.render_str(template, values)?)
}

/// Renders YAML and makes sure it is one document.
pub(super) fn yaml(template: &str, values: Value) -> Result<String, RenderError> {
    let text = text(template, values)?;
    let _: serde_yaml::Value = serde_yaml::from_str(&text)?;
    Ok(text)
}

/// A text of ours as a reader of YAML sees it.
pub(super) fn read_back(text: &str) -> Result<serde_json::Value, RenderError> {
    Ok(serde_yaml::from_str(text)?)
}

/// One argument of an `ExecStart` line: systemd's quoting, and no specifier or variable of its own.
fn argument(text: &str) -> Result<String, RenderError> {
    if text.contains(['\n', '\r', '\0']) {
        return Err(RenderError::LineBreak(text.to_owned()));
    }
    let text = text.replace('%', "%%").replace('$', "$$");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+%$".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text);
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The kubelet's unit with these flags, after this container runtime, pulling in these units.
pub(super) fn unit(flags: &[String], runtime: &str, wants: &[&str]) -> Result<String, RenderError> {
    let flags = flags.iter().map(|flag| argument(flag)).collect::<Result<Vec<_>, _>>()?;
    text(
        include_str!("../../assets/units/kubelet.service"),
        context! { binary => KUBELET, flags, runtime => format!("{runtime}.service"), wants },
    )
}

pub(super) fn dns(
    template: &str,
    plan: &Plan,
    service_account: bool,
    images: &[(&'static str, String)],
) -> Result<Vec<serde_json::Value>, RenderError> {
    let mut values: std::collections::BTreeMap<&str, Value> =
        images.iter().map(|(name, image)| (*name, Value::from(image.as_str()))).collect();
    values.insert("service_account", Value::from(service_account));
    values.insert("replicas", Value::from(plan.dns.replicas));
    values.insert("domain", Value::from(plan.cluster.domain.as_str()));
    values.insert("address", Value::from(plan.cluster.dns.to_string()));
    let text = text(template, Value::from_serialize(&values))?;
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Ok(serde_json::Value::deserialize(document)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::argument;

    #[test]
    fn arguments_are_quoted_for_systemd() {
        assert_eq!(argument("--v=2").unwrap(), "--v=2");
        assert_eq!(
            argument("--eviction-hard=memory.available<5%").unwrap(),
            "\"--eviction-hard=memory.available<5%%\""
        );
        assert_eq!(argument("--a=$HOME \"x\"").unwrap(), "\"--a=$$HOME \\\"x\\\"\"");
        assert!(argument("a\nb").is_err());
    }
}
