//! Colours by role and glyphs with their ASCII twins; the only file that names a colour. The background is
//! never painted, so the person's own theme decides whether it is light or dark.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// What a piece of text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Signs; each stands next to a word or a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// Done, good.
    Ok,
    /// Something is wrong.
    Bad,
    /// Going on.
    Running,
    /// To come.
    Waiting,
    /// Held back.
    Held,
    /// As it was.
    Same,
    /// Look at it.
    Warn,
    /// The chosen row.
    Here,
    /// Not for this place.
    None,
    /// The full part of a bar.
    Full,
    /// The empty part of a bar.
    Empty,
    /// There is more.
    More,
    /// Chosen of several.
    Chosen,
    /// Not chosen of several.
    Other,
}

/// Styles and glyphs together.
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

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        match self.palette {
            Palette::Ansi | Palette::BlueOrange => {
                let (good, wrong) = if self.palette == Palette::Ansi {
                    (plain.fg(Color::Green), plain.fg(Color::Red).add_modifier(Modifier::BOLD))
                } else {
                    (plain.fg(Color::Blue), plain.fg(Color::Magenta).add_modifier(Modifier::BOLD))
                };
                match role {
                    Role::Text => plain,
                    Role::Dim | Role::Border => plain.add_modifier(Modifier::DIM),
                    Role::Accent | Role::BorderFocus => plain.fg(Color::Blue).add_modifier(Modifier::BOLD),
                    Role::Focus => plain.add_modifier(Modifier::REVERSED),
                    Role::Ok | Role::Added => good,
                    Role::Bad | Role::Removed => wrong,
                    Role::Running | Role::Code => plain.fg(Color::Cyan),
                    Role::Warn | Role::Changed => plain.fg(Color::Yellow),
                    Role::Key => plain.add_modifier(Modifier::BOLD),
                }
            }
            Palette::Contrast => match role {
                Role::Text | Role::Dim | Role::Border | Role::Code => plain,
                Role::Ok | Role::Accent | Role::Key | Role::Added | Role::BorderFocus => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Role::Running | Role::Changed => plain.add_modifier(Modifier::UNDERLINED),
                Role::Warn => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                Role::Bad | Role::Removed | Role::Focus => {
                    plain.add_modifier(Modifier::BOLD | Modifier::REVERSED)
                }
            },
            Palette::Mono => match role {
                Role::Text | Role::Ok | Role::Code | Role::Added => plain,
                Role::Dim | Role::Border => plain.add_modifier(Modifier::DIM),
                Role::Running | Role::Warn | Role::Key | Role::BorderFocus | Role::Changed => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Role::Accent => plain.add_modifier(Modifier::UNDERLINED),
                Role::Bad | Role::Removed | Role::Focus => plain.add_modifier(Modifier::REVERSED),
            },
        }
    }

    /// A sign.
    pub fn glyph(&self, glyph: Glyph) -> &'static str {
        let (sign, ascii) = match glyph {
            Glyph::Ok => ("✓", "+"),
            Glyph::Bad => ("✗", "x"),
            Glyph::Running => ("●", "*"),
            Glyph::Waiting => ("○", "o"),
            Glyph::Held => ("■", "#"),
            Glyph::Same => ("·", "."),
            Glyph::Warn => ("!", "!"),
            Glyph::Here => ("▶", ">"),
            Glyph::None => ("–", "-"),
            Glyph::Full => ("█", "="),
            Glyph::Empty => ("░", "."),
            Glyph::More => ("…", "~"),
            Glyph::Chosen => ("(•)", "(*)"),
            Glyph::Other => ("( )", "( )"),
        };
        if self.ascii { ascii } else { sign }
    }

    /// The lines around a pane.
    pub fn border(&self, focus: bool) -> border::Set<'static> {
        const ASCII: border::Set = border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        };
        const ASCII_FOCUS: border::Set = border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII };
        match (self.ascii, focus) {
            (true, false) => ASCII,
            (true, true) => ASCII_FOCUS,
            (false, false) => border::PLAIN,
            (false, true) => border::THICK,
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
    fn no_color_takes_every_colour_away() {
        let theme = from(&[("NO_COLOR", "1"), ("LANG", "C.UTF-8"), ("TERM", "xterm")]);
        assert_eq!((theme.palette, theme.ascii), (Palette::Mono, false));
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn consoles_and_other_locales_get_ascii() {
        assert!(from(&[("TERM", "linux"), ("LANG", "en_US.UTF-8")]).ascii);
        assert!(from(&[("TERM", "xterm"), ("LANG", "C")]).ascii);
        assert!(!from(&[("TERM", "xterm"), ("LC_ALL", "de_DE.utf8"), ("LANG", "C")]).ascii);
    }

    #[test]
    fn good_and_bad_differ_in_more_than_colour() {
        for palette in [Palette::Ansi, Palette::BlueOrange, Palette::Contrast, Palette::Mono] {
            let theme = Theme { palette, ascii: false };
            let (good, bad) = (theme.style(Role::Ok), theme.style(Role::Bad));
            assert_ne!(good.add_modifier, bad.add_modifier, "{palette:?}");
            assert_ne!(theme.glyph(Glyph::Ok), theme.glyph(Glyph::Bad));
        }
    }
}
