//! What words mean, and the choice of how they look: the name of a palette, and whether signs are ASCII. How that
//! is drawn is the business of a face.

use serde::{Deserialize, Serialize};

/// What a piece of text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Less important.
    Dim,
    /// Names of panes and the program.
    Accent,
    /// Where the keys go.
    Focus,
    /// It is good.
    Ok,
    /// Going on.
    Running,
    /// Works, but look at it.
    Warn,
    /// Something is wrong.
    Bad,
    /// A line that is added.
    Added,
    /// Something that changes.
    Changed,
    /// A line that goes away.
    Removed,
    /// Lines around a pane.
    Border,
    /// Lines around the pane that has the keys.
    BorderFocus,
    /// A key to press.
    Key,
    /// Commands and files.
    Code,
}

/// All roles, for the style dump.
pub const ROLES: [Role; 15] = [
    Role::Text,
    Role::Dim,
    Role::Accent,
    Role::Focus,
    Role::Ok,
    Role::Running,
    Role::Warn,
    Role::Bad,
    Role::Added,
    Role::Changed,
    Role::Removed,
    Role::Border,
    Role::BorderFocus,
    Role::Key,
    Role::Code,
];

/// A set of styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// The terminal's 16 colours. Good is cyan-green by glyph and word too, bad is bold, so that nobody needs to
    /// tell red from green.
    #[default]
    Ansi,
    /// Blue and magenta in place of green and red.
    BlueOrange,
    /// Reverse, bold and underline, for low vision.
    Contrast,
    /// No colour at all.
    Mono,
}

impl Palette {
    /// Reads the name used on the command line.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "ansi" => Some(Self::Ansi),
            "blue-orange" => Some(Self::BlueOrange),
            "contrast" => Some(Self::Contrast),
            "mono" => Some(Self::Mono),
            _ => None,
        }
    }

    /// The next one, for the command menu.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Ansi => Self::BlueOrange,
            Self::BlueOrange => Self::Contrast,
            Self::Contrast => Self::Mono,
            Self::Mono => Self::Ansi,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::BlueOrange => "blue-orange",
            Self::Contrast => "contrast",
            Self::Mono => "mono",
        }
    }
}

/// How everything looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// The palette.
    pub palette: Palette,
    /// ASCII signs only.
    pub ascii: bool,
}

impl Theme {
    /// From the environment: `NO_COLOR` takes the colours away, a Linux console or a locale that is not UTF-8 the
    /// signs.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let locale = set("LC_ALL")
            .or_else(|| set("LC_CTYPE"))
            .or_else(|| set("LANG"))
            .unwrap_or_default()
            .to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let mono = set("NO_COLOR").is_some() || term == "dumb" || term.starts_with("vt");
        Self {
            palette: if mono { Palette::Mono } else { Palette::Ansi },
            ascii: term == "linux" || term == "dumb" || !utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Theme {
        Theme::from_environment(|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_color_takes_the_palette_without_colours() {
        let theme = from(&[("NO_COLOR", "1"), ("LANG", "C.UTF-8"), ("TERM", "xterm")]);
        assert_eq!((theme.palette, theme.ascii), (Palette::Mono, false));
    }

    #[test]
    fn consoles_and_other_locales_get_ascii() {
        assert!(from(&[("TERM", "linux"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(from(&[("TERM", "xterm"), ("LANG", "C")]).ascii);
        assert!(!from(&[("TERM", "xterm"), ("LC_ALL", "de_DE.utf8"), ("LANG", "C")]).ascii);
    }
}
