//! Lines that are pasted, until one with a dot alone.

/// What was pasted so far.
#[derive(Debug, Default)]
pub(super) struct Paste(String);

impl Paste {
    /// Takes a line in; the whole text when the line ends it. What is pasted may have empty lines.
    pub(super) fn take(&mut self, line: &str) -> Option<String> {
        let line = line.trim();
        if line == "." {
            return Some(std::mem::take(&mut self.0));
        }
        self.0.push_str(line);
        self.0.push('\n');
        None
    }

    /// The text so far, when the input has ended.
    pub(super) fn rest(&mut self) -> Option<String> {
        let text = std::mem::take(&mut self.0);
        (!text.trim().is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_ends_no_paste_and_a_dot_does() {
        let mut paste = Paste::default();
        for line in ["-----BEGIN CERTIFICATE-----", "", "  AAAA", "-----END CERTIFICATE-----", ""] {
            assert_eq!(paste.take(line), None, "{line:?} ends nothing");
        }
        let text = paste.take(" . ");
        assert_eq!(
            text.as_deref(),
            Some("-----BEGIN CERTIFICATE-----\n\nAAAA\n-----END CERTIFICATE-----\n\n")
        );
        assert_eq!(paste.take("."), Some(String::new()), "the next one begins empty");
        paste.take("w1 10.0.0.1");
        assert_eq!((paste.rest().as_deref(), paste.rest()), (Some("w1 10.0.0.1\n"), None));
    }
}
