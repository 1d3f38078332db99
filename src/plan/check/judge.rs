//! The judgement in progress: what was found so far, and how a value is taken or refused.

use crate::plan::issue::PlanIssue;
use crate::plan::range::Refusal;
use crate::plan::value::PathBases;

/// The judgement in progress.
pub(in crate::plan) struct Judge<'a> {
    pub(in crate::plan) places: &'a PathBases,
    pub(in crate::plan) issues: Vec<PlanIssue>,
}

impl Judge<'_> {
    /// Takes a value or notes why there is none.
    pub(in crate::plan) fn take<T>(&mut self, field: &str, judged: Result<T, Refusal>) -> Option<T> {
        judged.map_err(|(what, cure)| self.issues.push(PlanIssue::wrong(field, what, cure))).ok()
    }

    /// Takes an optional text; nothing when it was left out.
    pub(in crate::plan) fn maybe<T>(
        &mut self,
        field: &str,
        text: Option<&String>,
        read: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        text.and_then(|text| self.take(field, read(text)))
    }

    /// Takes a text that must be there.
    pub(in crate::plan) fn need<T>(
        &mut self,
        field: &str,
        text: Option<&String>,
        cure: &str,
        read: impl FnOnce(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        if text.is_none_or(|text| text.trim().is_empty()) {
            self.issues.push(PlanIssue::missing(field, cure));
            return None;
        }
        self.maybe(field, text, read)
    }

    /// Takes a value of a field that stands for several: one bad one is told, the others are most often
    /// wrong in the same way.
    pub(in crate::plan) fn take_first<T>(&mut self, field: &str, judged: Result<T, Refusal>) -> Option<T> {
        judged.map_err(|(what, cure)| self.wrong_first(field, what, &cure)).ok()
    }

    /// Notes what is wrong unless the field has a remark that stops already.
    pub(in crate::plan) fn wrong_first(&mut self, field: &str, what: String, cure: &str) {
        if !self.issues.iter().any(|issue| issue.field == field && issue.stops) {
            self.wrong(field, what, cure);
        }
    }

    pub(in crate::plan) fn wrong(&mut self, field: &str, what: String, cure: &str) {
        self.issues.push(PlanIssue::wrong(field, what, cure));
    }
}
